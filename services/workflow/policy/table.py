"""A decision table as the engine evaluates it: rows become a JDM decision table, whose answer names the rows that apply."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import zen

from services.workflow.policy.errors import TableError
from services.workflow.policy.markdown_table import RawRow, RawTable
from services.workflow.policy.table_shapes import Kind, Output, Shape

ANY = "-"
NOT = "not "
"""At the beginning of an input cell: everything but what follows."""
_RULE = re.compile(r"R-[A-Z]+-\d\d")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. ``accepts`` has the values each input may have; ``says`` the words of each output; ``source`` names file and line."""

    source: str
    accepts: dict[str, tuple[str, ...]]
    says: dict[str, tuple[str, ...]]

    def word(self, column: str) -> str:
        """The one word of a column, empty where the cell is ``-``."""
        words = self.says[column]
        return words[0] if words else ""

    @property
    def rule(self) -> str:
        """The first rule the row rests on."""
        return self.word("rule")


@dataclass(frozen=True, slots=True)
class Checks:
    """Whether a name in an output cell exists: clauses, durations and amounts of the policy the table belongs to."""

    clause: Callable[[str], bool]
    duration: Callable[[str], bool]
    amounts: Callable[[str], bool]


@dataclass(slots=True)
class DecisionTable:
    """A table ready to be asked. The answers of the engine are remembered: the inputs have few values, and an answer never changes."""

    name: str
    shape: Shape
    rows: tuple[Row, ...]
    _engine: zen.ZenDecision
    _known: dict[tuple[str, ...], tuple[Row, ...]] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, tuple[str, ...]]:
        """The input columns the table has, with their values; what it has no column for does not matter to it."""
        return self.shape.inputs

    def matching(self, **inputs: str) -> tuple[Row, ...]:
        """The rows that apply, in the table's order. Inputs are named as the columns, with ``_`` for a space; more than it asks for may be given."""
        key = tuple(inputs[column.replace(" ", "_")] for column in self.shape.inputs)
        if key not in self._known:
            asked = {column.replace(" ", "_"): value for column, value in zip(self.shape.inputs, key, strict=True)}
            answer = self._engine.evaluate(asked)["result"]
            self._known[key] = tuple(self.rows[hit["row"]] for hit in answer)
        return self._known[key]

    def one(self, **inputs: str) -> Row:
        """The row that applies; the loader has made sure that there is exactly one."""
        (row,) = self.matching(**inputs)
        return row

    def find(self, **inputs: str) -> Row | None:
        """The row that applies, None where there is none; the loader has made sure that there is at most one."""
        rows = self.matching(**inputs)
        return rows[0] if rows else None


def build_table(name: str, raw: RawTable, shape: Shape, checks: Checks) -> DecisionTable:
    """Make a table of what was written. Raises ``TableError`` with file and line for a column, value or name that does not exist."""
    shape = _columns_of(raw, shape)
    rows = tuple(_row(raw, row, shape, checks) for row in raw.rows)
    return DecisionTable(name, shape, rows, zen.ZenEngine().create_decision(json.dumps(jdm_of(name, rows, shape))))


def jdm_of(name: str, rows: tuple[Row, ...], shape: Shape) -> dict[str, Any]:
    """The table in the engine's format (JDM), collecting every row that applies."""
    inputs = [{"id": f"i{place}", "name": column, "field": column.replace(" ", "_")} for place, column in enumerate(shape.inputs)]
    outputs = [{"id": f"o{place}", "name": column, "field": column.replace(" ", "_")} for place, column in enumerate(shape.outputs)]
    rules = []
    for place, row in enumerate(rows):
        rule = {"_id": row.source, "row": str(place)}
        rule |= {f"i{at}": _unary(row.accepts[column], shape.inputs[column]) for at, column in enumerate(shape.inputs)}
        rule |= {f"o{at}": json.dumps(list(row.says[column])) for at, column in enumerate(shape.outputs)}
        rules.append(rule)
    position = {"x": 0, "y": 0}
    table = {
        "hitPolicy": "collect",
        "inputs": inputs,
        "outputs": [*outputs, {"id": "row", "name": "row", "field": "row"}],
        "rules": rules,
    }
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "facts", "position": position},
            {"id": "table", "type": "decisionTableNode", "name": name, "position": position, "content": table},
            {"id": "out", "type": "outputNode", "name": "answer", "position": position},
        ],
        "edges": [
            {"id": "e1", "type": "edge", "sourceId": "in", "targetId": "table"},
            {"id": "e2", "type": "edge", "sourceId": "table", "targetId": "out"},
        ],
    }


def _unary(accepted: tuple[str, ...], domain: tuple[str, ...]) -> str:
    return "" if set(accepted) == set(domain) else ",".join(json.dumps(value) for value in accepted)


def _columns_of(raw: RawTable, shape: Shape) -> Shape:
    """The shape with the input columns that the table has; an unknown column, or a missing answer, is refused."""
    for kind, has, wants in (("column", raw.inputs, shape.inputs), ("column →", raw.outputs, shape.outputs)):
        for column in set(has) - set(wants):
            raise TableError(raw.place, f"{kind} {column} is not known; this table may have {', '.join(wants)}")
    for column, output in shape.outputs.items():
        if column not in raw.outputs and not output.optional:
            raise TableError(raw.place, f"column → {column} is missing")
    if not raw.inputs:
        raise TableError(raw.place, f"asks for nothing: it needs one of the columns {', '.join(shape.inputs)}")
    return replace(shape, inputs={column: domain for column, domain in shape.inputs.items() if column in raw.inputs})


def _row(raw: RawTable, row: RawRow, shape: Shape, checks: Checks) -> Row:
    place = f"{raw.place}:{row.line}"
    accepts = {column: _accepted(place, column, row.cells[column], domain) for column, domain in shape.inputs.items()}
    says = {column: _said(place, column, row.cells.get(column, ANY), output, checks) for column, output in shape.outputs.items()}
    return Row(place, accepts, says)


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",")) if cell not in ("", ANY) else ()


def _accepted(place: str, column: str, cell: str, domain: tuple[str, ...]) -> tuple[str, ...]:
    if cell == ANY:
        return domain
    named: list[str] = []
    for part in _parts(cell.removeprefix(NOT)):
        matching = [value for value in domain if value == part or (part.endswith("*") and value.startswith(part[:-1]))]
        if not matching:
            raise TableError(place, f"column {column}: {part!r} is none of {', '.join(domain)}")
        named.extend(matching)
    if not named:
        raise TableError(place, f"column {column} is empty: write - for any")
    return tuple(value for value in domain if (value in named) is not cell.startswith(NOT))


def _said(place: str, column: str, cell: str, output: Output, checks: Checks) -> tuple[str, ...]:
    words = _parts(cell)
    if not words and not output.optional:
        raise TableError(place, f"column → {column} is empty")
    if len(words) > 1 and output.kind not in (Kind.WORDS, Kind.RULES):
        raise TableError(place, f"column → {column} says one thing only")
    exists: dict[Kind, Callable[[str], bool]] = {
        Kind.NUMBER: lambda word: word.isdigit(),
        Kind.RULES: lambda word: _RULE.fullmatch(word) is not None,
        Kind.CLAUSE: checks.clause,
        Kind.DURATION: checks.duration,
        Kind.AMOUNTS: checks.amounts,
    }
    for word in words:
        if output.words and word not in output.words:
            raise TableError(place, f"column → {column}: {word!r} is none of {', '.join(output.words)}")
        if output.kind in exists and not exists[output.kind](word):
            raise TableError(place, f"column → {column}: there is no {output.kind.value} {word!r}")
    return words
