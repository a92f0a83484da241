"""Lists in pages: a cursor is the row number of the last row given, as text nobody should read."""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Query

from deploy.local.sandbox.errors import InvalidCursorError
from deploy.local.sandbox.store import Row, Store

Limit = Annotated[int, Query(ge=1, le=500, description="rows per page")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]

DEFAULT_LIMIT = 100


def write_cursor(row_number: int) -> str:
    """The cursor that continues after ``row_number``."""
    return base64.urlsafe_b64encode(f"row:{row_number}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """The row number in a cursor. Raises InvalidCursorError if no list gave it out."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        mark, number = text.split(":")
        return _checked(mark, int(number))
    except ValueError as error:
        raise InvalidCursorError(
            "Send the next_cursor of the previous page unchanged, or leave cursor out to start again.", "cursor"
        ) from error


def _checked(mark: str, number: int) -> int:
    if mark != "row":
        raise ValueError(mark)
    return number


def page(
    store: Store, table: str, filters: Sequence[tuple[str, str | None]], cursor: str | None, limit: int, show: Callable[[Row], Any]
) -> dict[str, Any]:
    """The rows of ``table`` that fit all filters, oldest first. Table and columns are names of our own, never input."""
    wanted = [(column, value) for column, value in filters if value is not None]
    conditions = ["row_number > ?", *(f"{column} = ?" for column, _ in wanted)]
    after = 0 if cursor is None else read_cursor(cursor)
    # Names of our own schema only; values are bound.
    sql = f"SELECT * FROM {table} WHERE {' AND '.join(conditions)} ORDER BY row_number LIMIT ?"  # noqa: S608 (tables and conditions are constants of the callers)
    rows = store.all(sql, (after, *(value for _, value in wanted), limit + 1))
    more = len(rows) > limit
    rows = rows[:limit]
    return {"data": [show(row) for row in rows], "next_cursor": write_cursor(rows[-1]["row_number"]) if more else None}
