"""Cursors, classes of errors, traces and bells."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from services.kit.errors import PermanentError, TransientError, is_transient
from services.kit.paging import decode_cursor, encode_cursor
from services.kit.problems import Problem
from services.kit.tracing import current_trace_id, current_trace_parent, trace
from services.kit.wake import Bell, wait_any


def test_a_cursor_gives_back_the_position() -> None:
    cursor = encode_cursor([datetime(2026, 3, 2, tzinfo=UTC), UUID(int=1), 5])
    assert decode_cursor(cursor, length=3) == ["2026-03-02T00:00:00+00:00", "00000000-0000-0000-0000-000000000001", 5]


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "bnVsbA", encode_cursor([1]), "A" * 1000, "ü"])
def test_a_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="invalid_cursor"):
        decode_cursor(cursor, length=2)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (TransientError("x"), True),
        (ConnectionRefusedError(), True),
        (asyncpg.DeadlockDetectedError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InterfaceError("cannot perform operation: another operation is in progress"), False),
        (RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"), True),
        (RuntimeError("something else"), False),
        (asyncpg.UniqueViolationError(), False),
        (PermanentError("x"), False),
        (KeyError("x"), False),
    ],
)
def test_what_passes_by_itself_is_told_from_what_does_not(error: Exception, *, passes: bool) -> None:
    assert is_transient(error) is passes


def test_work_inside_a_trace_knows_it_and_leaves_it_behind() -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with trace(parent):
        assert current_trace_parent() == parent
        assert current_trace_id() == "4bf92f3577b34da6a3ce929d0e0e4736"
        with trace("00-" + "0" * 32 + "-" + "0" * 16 + "-01"):
            assert current_trace_id() not in {"", "0" * 32, "4bf92f3577b34da6a3ce929d0e0e4736"}
    assert current_trace_parent() is None


async def test_a_bell_wakes_who_waits() -> None:
    bell, never = Bell(), asyncio.Event()
    heard = bell.listener()
    waiting = asyncio.create_task(wait_any(heard, never))
    bell.ring()
    await waiting
    assert heard.is_set()
