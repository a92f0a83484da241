"""The trace a piece of work belongs to (W3C Trace Context): taken from the request or event that caused it, passed on with every event."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRACE_PARENT = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_current: ContextVar[str | None] = ContextVar("trace_parent", default=None)


def new_trace_parent() -> str:
    """The ``traceparent`` of a trace that begins here."""
    return f"00-{random.getrandbits(128) | 1:032x}-{random.getrandbits(64) | 1:016x}-01"


def current_trace_parent() -> str | None:
    """The ``traceparent`` of the work in hand, or None outside any."""
    return _current.get()


def current_trace_id() -> str:
    """The trace id of the work in hand (32 hex digits), or an empty string outside any. Every log line carries it."""
    parent = _current.get()
    return parent[3:35] if parent else ""


def enter_trace(parent: str | None) -> None:
    """Join the trace of ``parent`` for the rest of this task, or begin one where it is missing or malformed."""
    _current.set(parent if parent is not None and _TRACE_PARENT.match(parent) else new_trace_parent())


@contextmanager
def trace(parent: str | None) -> Iterator[None]:
    """Do the block's work inside the trace of ``parent``."""
    before = _current.get()
    enter_trace(parent)
    try:
        yield
    finally:
        _current.set(before)
