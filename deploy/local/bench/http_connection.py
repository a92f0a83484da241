"""An HTTP/1.1 connection that costs next to nothing: the load must not be what is measured."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from time import perf_counter

_HEAD_END = b"\r\n\r\n"
_KEEP_SECONDS = 2.0
"""Servers close idle connections after five seconds: give them up before, or a request may meet the closing."""


class HttpConnection:
    """One kept-alive connection. Requests are whole byte strings, see :func:`a_post`."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._used_at = 0.0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and read its answer: status and body. Raises ``OSError`` or ``asyncio.IncompleteReadError`` where the server goes away."""
        if perf_counter() - self._used_at > _KEEP_SECONDS:
            await self.close()
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(_HEAD_END)
        lines = head.split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
        body = await self._reader.readexactly(length)
        self._used_at = perf_counter()
        return int(lines[0].split(b" ", 2)[1]), body

    async def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        self._reader = self._writer = None


def a_post(host: str, path: str, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """A whole POST request with a JSON body."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + _HEAD_END + body


async def rate_of(work: Sequence[Callable[[], Awaitable[None]]], hands: int) -> float:
    """Do all pieces of work, so many at once, each hand one after the other; how many a second."""
    waiting = iter(work)

    async def hand() -> None:
        for piece in waiting:
            await piece()

    began = perf_counter()
    await asyncio.gather(*(hand() for _ in range(hands)))
    return len(work) / (perf_counter() - began)
