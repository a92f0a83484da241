"""Whether a table answers every situation, and each only once. The inputs have few values, so every combination is looked at."""

from collections.abc import Iterator
from itertools import product

from services.workflow.policy.errors import GapError, OverlapError
from services.workflow.policy.table import DecisionTable, Row
from services.workflow.policy.table_shapes import Hits


def check_coverage(table: DecisionTable, place: str) -> None:
    """Raises ``GapError`` or ``OverlapError`` with the situation and the rows, as far as the table's shape forbids them."""
    if table.shape.hits is Hits.ALL:
        return
    for situation in _situations(table):
        hits = [row for row in table.rows if _applies(row, situation)]
        if not hits and table.shape.hits is Hits.EXACTLY_ONE:
            raise GapError(place, f"no row for {_words(situation)}")
        if len(hits) > 1:
            raise OverlapError(hits[1].source, f"says something else than {hits[0].source} for {_words(situation)}")


def _situations(table: DecisionTable) -> Iterator[dict[str, str]]:
    columns = list(table.shape.inputs)
    for values in product(*table.shape.inputs.values()):
        yield dict(zip(columns, values, strict=True))


def _applies(row: Row, situation: dict[str, str]) -> bool:
    return all(value in row.accepts[column] for column, value in situation.items())


def _words(situation: dict[str, str]) -> str:
    return ", ".join(f"{column} = {value}" for column, value in situation.items())
