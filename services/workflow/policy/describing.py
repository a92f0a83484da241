"""A policy as people read it: settings, tables and clauses in words, and what differs between two policies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import TypeAlias

from services.workflow.policy.consistency import groups_of
from services.workflow.policy.markdown_table import OUTPUT_MARK
from services.workflow.policy.policy import Policy
from services.workflow.policy.settings import PolicySettings
from services.workflow.policy.showing import duration_text, shown
from services.workflow.policy.table import ANY, DecisionTable, Row

Cells: TypeAlias = dict[str, str]
"""Cells of a row by column; columns of answers begin with ``MARK``."""
MARK = f"{OUTPUT_MARK} "


@dataclass(frozen=True, slots=True)
class Change:
    """Something that differs: ``before`` None where it is new, ``after`` None where it is gone."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    """What differs between two policies; of tables by name, only those with a change."""

    settings: tuple[Change, ...]
    tables: dict[str, tuple[Change, ...]]
    clauses: tuple[Change, ...]

    @property
    def none(self) -> bool:
        """Whether both decide alike."""
        return not (self.settings or self.tables or self.clauses)


def settings_in_words(settings: PolicySettings) -> dict[str, str]:
    """Every setting as ``group.key`` with its value in words: durations as in ISO 8601, amounts in minor units by currency."""
    words: dict[str, str] = {}
    for name, group in groups_of(settings):
        for key in type(group).model_fields:
            value = getattr(group, key)
            if value is not None:
                words[f"{name}.{key}"] = _in_words(value)
    return words


def table_in_words(table: DecisionTable) -> list[Cells]:
    """The rows of a table, each cell as a pack would write it."""
    return [_inputs(table, row) | _outputs(table, row) for row in table.rows]


def clauses_in_words(policy: Policy) -> dict[str, str]:
    """Every clause with its rule and its texts."""
    return {
        name: f"{clause.rule}  " + "  ".join(f"[{language}] {text}" for language, text in clause.text.items())
        for name, clause in policy.clauses.items()
    }


def changes(before: Policy, after: Policy) -> PolicyChanges:
    """What differs from ``before`` to ``after``."""
    tables = {}
    for name in dict.fromkeys((*before.tables, *after.tables)):
        found = tuple(_changed_rows(_rows(before.tables.get(name)), _rows(after.tables.get(name))))
        if found:
            tables[name] = found
    return PolicyChanges(
        settings=tuple(_changed(settings_in_words(before.settings), settings_in_words(after.settings))),
        tables=tables,
        clauses=tuple(_changed(clauses_in_words(before), clauses_in_words(after))),
    )


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for what in dict.fromkeys((*before, *after)):
        if before.get(what) != after.get(what):
            yield Change(what, before.get(what), after.get(what))


def _changed_rows(before: Mapping[str, Cells], after: Mapping[str, Cells]) -> Iterator[Change]:
    """Of rows that are on both sides, only the answers that differ."""
    for asks in dict.fromkeys((*before, *after)):
        old, new = before.get(asks), after.get(asks)
        if old == new:
            continue
        differing = {column for column in (old or {}) | (new or {}) if old is None or new is None or old.get(column) != new.get(column)}
        yield Change(asks, _joined(old, differing), _joined(new, differing))


def _joined(cells: Cells | None, columns: set[str]) -> str | None:
    if cells is None:
        return None
    return " · ".join(f"{column.removeprefix(MARK)} {cell}" for column, cell in cells.items() if column in columns)


def _rows(table: DecisionTable | None) -> dict[str, Cells]:
    """What each row answers by what it asks; rows that ask the same (where all that apply count) are told apart by their answer."""
    rows: dict[str, Cells] = {}
    if table is None:
        return rows
    for row in table.rows:
        asks = " · ".join(f"{column} {cell}" for column, cell in _inputs(table, row).items() if cell != ANY) or "anything"
        says = _outputs(table, row)
        rows[f"{asks} → {', '.join(says.values())}" if asks in rows else asks] = says
    return rows


def _inputs(table: DecisionTable, row: Row) -> Cells:
    return {column: _accepted(row.accepts[column], domain) for column, domain in table.shape.inputs.items()}


def _outputs(table: DecisionTable, row: Row) -> Cells:
    return {f"{MARK}{column}": ", ".join(row.says[column]) or ANY for column in table.shape.outputs}


def _accepted(accepted: tuple[str, ...], domain: tuple[str, ...]) -> str:
    """The values of an input cell, whole groups as ``quality.*``."""
    if set(accepted) == set(domain):
        return ANY
    words: list[str] = []
    for value in accepted:
        group = value.partition(".")[0] + "."
        members = {each for each in domain if each.startswith(group)}
        whole = len(members) > 1 and members <= set(accepted)
        words.append(f"{group}*" if whole else value)
    return ", ".join(dict.fromkeys(words))


def _in_words(value: object) -> str:
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, time):
        return value.isoformat()
    return shown(value)
