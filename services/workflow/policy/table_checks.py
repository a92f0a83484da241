"""Whether a table answers every situation, and each only once.

Every situation is looked at, but not one by one: values of a column that the same rows accept are alike, so one of them stands for all. Column by column
the rows that still apply become fewer, until there are none left to tell apart.
"""

from collections.abc import Iterator, Sequence

from services.workflow.policy.errors import GapError, OverlapError
from services.workflow.policy.table import DecisionTable, Row
from services.workflow.policy.table_shapes import Hits

Found = tuple[dict[str, str], Sequence[Row]]


def check_coverage(table: DecisionTable, place: str) -> None:
    """Raises ``GapError`` or ``OverlapError`` with the situation and the rows, as far as the table's shape forbids them."""
    if table.shape.hits is Hits.ALL:
        return
    for situation, hits in _situations(list(table.inputs.items()), table.rows):
        if not hits and table.shape.hits is Hits.EXACTLY_ONE:
            raise GapError(place, f"no row for {_words(situation)}")
        if len(hits) > 1:
            raise OverlapError(hits[1].source, f"says something else than {hits[0].source} for {_words(situation)}")


def _situations(columns: Sequence[tuple[str, tuple[str, ...]]], rows: Sequence[Row]) -> Iterator[Found]:
    """One situation of each kind, with the rows that apply to it."""
    if not columns or not rows:
        yield {}, rows
        return
    (column, domain), *rest = columns
    alike: dict[tuple[bool, ...], str] = {}
    for value in domain:
        alike.setdefault(tuple(value in row.accepts[column] for row in rows), value)
    for accepting, value in alike.items():
        for situation, hits in _situations(rest, [row for row, accepts in zip(rows, accepting, strict=True) if accepts]):
            yield {column: value} | situation, hits


def _words(situation: dict[str, str]) -> str:
    return ", ".join(f"{column} = {value}" for column, value in situation.items())
