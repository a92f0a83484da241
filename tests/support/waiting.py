"""Waiting in tests: for a condition, with a deadline, never for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
POLL_SECONDS = 0.05


@overload
async def eventually(question: Callable[[], Awaitable[T | None]], what: str, seconds: float = 60.0) -> T: ...
@overload
async def eventually(question: Callable[[], T | None], what: str, seconds: float = 60.0) -> T: ...
async def eventually(question: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Return the first true answer to ``question`` (plain or async).

    Raises:
        AssertionError: there was none within ``seconds``; names ``what`` was waited for and the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}; last answer: {answer!r}")
        await asyncio.sleep(POLL_SECONDS)
