"""A line through the proxy passes, is refused, hangs and goes on, or is reset; and it heals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from deploy.local.chaos.proxy import Cut, Proxy

SOON = 5.0
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(100):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    proxy = Proxy()
    proxy.target = server.sockets[0].getsockname()[1]
    await proxy.open()
    yield proxy
    await proxy.close()
    server.close()
    await server.wait_closed()


@pytest.fixture
async def lines() -> AsyncIterator[list[Line]]:
    opened: list[Line] = []
    yield opened
    for _, writer in opened:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def connect(proxy: Proxy, lines: list[Line]) -> Line:
    line = await asyncio.open_connection("127.0.0.1", proxy.port)
    lines.append(line)
    return line


async def answer(line: Line) -> bytes:
    line[1].write(b"hallo")
    return await asyncio.wait_for(line[0].read(100), SOON)


async def test_what_goes_in_comes_out(proxy: Proxy, lines: list[Line]) -> None:
    assert await answer(await connect(proxy, lines)) == b"hallo"


async def test_refused_means_that_nobody_listens_and_old_connections_end(proxy: Proxy, lines: list[Line]) -> None:
    old = await connect(proxy, lines)
    assert await answer(old) == b"hallo"
    await proxy.break_off(Cut.REFUSE)
    with pytest.raises(ConnectionRefusedError):
        await connect(proxy, lines)
    with pytest.raises(ConnectionResetError):
        await answer(old)
    await proxy.heal()
    assert await answer(await connect(proxy, lines)) == b"hallo"


async def test_what_hangs_goes_on_when_it_is_healed_and_nothing_is_lost(proxy: Proxy, lines: list[Line]) -> None:
    old = await connect(proxy, lines)
    assert await answer(old) == b"hallo"
    await proxy.break_off(Cut.HANG)
    new = await connect(proxy, lines)
    waiting = [asyncio.create_task(answer(line)) for line in (old, new)]
    done, _ = await asyncio.wait(waiting, timeout=0.2)
    assert not done
    await proxy.heal()
    assert await asyncio.gather(*waiting) == [b"hallo", b"hallo"]


async def test_reset_ends_old_and_new_connections(proxy: Proxy, lines: list[Line]) -> None:
    old = await connect(proxy, lines)
    assert await answer(old) == b"hallo"
    await proxy.break_off(Cut.RESET)
    with pytest.raises(ConnectionResetError):
        await answer(old)
    with pytest.raises(ConnectionResetError):
        await answer(await connect(proxy, lines))
    await proxy.heal()
    assert await answer(await connect(proxy, lines)) == b"hallo"


async def test_a_target_that_is_away_ends_the_connection(lines: list[Line]) -> None:
    proxy = Proxy()
    proxy.target = proxy.port  # nobody listens there
    other = Proxy()
    other.target = proxy.port
    await other.open()
    try:
        with pytest.raises(ConnectionResetError):
            await answer(await connect(other, lines))
    finally:
        await proxy.close()
        await other.close()
