"""Reading a decision table as people write it: a Markdown file with prose and exactly one table.

Columns whose heading begins with ``→`` are what the row says, the others what it asks for. In a cell ``-`` means "any" or "nothing", and a comma
separates alternatives.
"""

from dataclasses import dataclass
from itertools import pairwise

from services.workflow.policy.errors import TableError

OUTPUT_MARK = "→"


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its line in the file, and the text of its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as written. ``place`` names the file."""

    place: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: tuple[RawRow, ...]


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in text.strip().removeprefix("|").removesuffix("|").split("|")]


def read_table(text: str, place: str) -> RawTable:
    """Read the one table of a Markdown file. Raises ``TableError`` with the line where it is not well formed."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.lstrip().startswith("|")]
    if len(lines) < 3:  # noqa: PLR2004 - heading, rule and one row are the least a table has
        raise TableError(place, "has no table with at least one row")
    if any(after - before != 1 for (before, _), (after, _) in pairwise(lines)):
        raise TableError(place, "has more than one table: keep one table in one file")
    heading = _cells(lines[0][1])
    if len(set(heading)) != len(heading):
        raise TableError(f"{place}:{lines[0][0]}", "a column is named twice")
    if not all(set(cell) <= set("-: ") and cell for cell in _cells(lines[1][1])):
        raise TableError(f"{place}:{lines[1][0]}", "the line under the heading must consist of dashes")
    rows = []
    for number, line in lines[2:]:
        cells = _cells(line)
        if len(cells) != len(heading):
            raise TableError(f"{place}:{number}", f"has {len(cells)} cells, but the table has {len(heading)} columns")
        rows.append(RawRow(number, {name.removeprefix(OUTPUT_MARK).strip(): cell for name, cell in zip(heading, cells, strict=True)}))
    return RawTable(
        place=place,
        inputs=tuple(name for name in heading if not name.startswith(OUTPUT_MARK)),
        outputs=tuple(name.removeprefix(OUTPUT_MARK).strip() for name in heading if name.startswith(OUTPUT_MARK)),
        rows=tuple(rows),
    )
