"""Pages of a list: a cursor names the last row a client saw, so that pages neither skip nor repeat while rows are added."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict

from services.kit.problems import Problem

ItemT = TypeVar("ItemT")

MAX_CURSOR_CHARACTERS = 500


class Page(BaseModel, Generic[ItemT]):
    """A part of a list; ``next_cursor`` is None at its end."""

    model_config = ConfigDict(frozen=True)

    items: list[ItemT]
    next_cursor: str | None = None


def encode_cursor(position: list[Any]) -> str:
    """An opaque cursor for the sort values of the last row (JSON values; what is none, such as a UUID of asyncpg's own, becomes text)."""
    return base64.urlsafe_b64encode(orjson.dumps(position, default=str)).decode().rstrip("=")


def decode_cursor(cursor: str, *, length: int | None = None) -> list[Any]:
    """The sort values inside a cursor; ``length`` is how many there must be. Raises :class:`Problem` 400.

    The values come from outside: compare with them, but decide nothing by them.
    """
    try:
        if len(cursor) > MAX_CURSOR_CHARACTERS:
            raise ValueError("too long")  # noqa: TRY301 - one way out for every malformed cursor
        position = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        position = None
    if not isinstance(position, list) or (length is not None and len(position) != length):
        raise Problem(400, "invalid_cursor", "The cursor is not one of ours.", "Begin without a cursor and follow next_cursor.")
    return position
