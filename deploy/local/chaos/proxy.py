"""A TCP proxy on the loopback address whose connections can be refused, left hanging, or reset, and healed again."""

import asyncio
import contextlib
import socket
import struct
from enum import StrEnum

from deploy.local.ports import LOOPBACK

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset instead of a farewell."""
_BACKLOG = 256


class Cut(StrEnum):
    """How a connection is broken: new ones are refused (and old ones ended), all bytes stand still, or all connections are reset again and again."""

    REFUSE = "refuse"
    HANG = "hang"
    RESET = "reset"


class Proxy:
    """Forwards ``port`` to ``target``. The port is held from the beginning to :meth:`close`, also while connections to it are refused."""

    def __init__(self) -> None:
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        self.target = 0
        self.cut: Cut | None = None
        self._server: asyncio.Server | None = None
        self._ends: set[_End] = set()
        self._joining: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to forward."""
        listener = _bound(self.port)
        self._server = await asyncio.get_running_loop().create_server(lambda: _End(self, came_in=True), sock=listener, backlog=_BACKLOG)

    async def break_off(self, cut: Cut) -> None:
        """Break all connections in this way until :meth:`heal`."""
        await self.heal()
        self.cut = cut
        if cut is Cut.HANG:
            for end in self._ends:
                end.stand_still()
            return
        if cut is Cut.REFUSE and self._server is not None:
            self._server.close()
            self._server = None
        self._reset_all()

    async def heal(self) -> None:
        """Let everything pass again; what stood still goes on."""
        self.cut = None
        if self._server is None:
            await self.open()
        for end in list(self._ends):
            end.go_on()

    async def close(self) -> None:
        """End it, with all connections."""
        if self._server is not None:
            self._server.close()
        self._reset_all()
        for task in self._joining:
            task.cancel()
        await asyncio.gather(*self._joining, return_exceptions=True)
        self._holder.close()

    def _reset_all(self) -> None:
        for end in list(self._ends):
            end.reset()

    def accepted(self, end: "_End") -> None:
        """A client came: connect it to the target, unless the line is broken."""
        self._ends.add(end)
        if self.cut is Cut.RESET:
            end.reset()
            return
        end.stand_still()
        if self.cut is None:
            self.join(end)

    def join(self, end: "_End") -> None:
        """Connect a client's end to the target."""
        if end.joining:
            return
        end.joining = True
        task = asyncio.create_task(self._join(end))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self, end: "_End") -> None:
        try:
            _, other = await asyncio.get_running_loop().create_connection(lambda: _End(self, came_in=False), LOOPBACK, self.target)
        except OSError:
            end.reset()
            return
        self._ends.add(other)
        end.peer, other.peer = other, end
        if end.gone:
            other.reset()
        elif self.cut is None:
            end.go_on()
        else:
            other.stand_still()

    def ended(self, end: "_End") -> None:
        """One side is closed."""
        self._ends.discard(end)


class _End(asyncio.Protocol):
    """One side of a forwarded connection: what comes in here goes out at the peer."""

    def __init__(self, proxy: Proxy, *, came_in: bool) -> None:
        self._proxy = proxy
        self._came_in = came_in
        self.joining = False
        self.transport: asyncio.Transport | None = None
        self.peer: _End | None = None
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The side is open."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a TCP transport reads and writes")
        self.transport = transport
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._came_in:
            self._proxy.accepted(self)

    def data_received(self, data: bytes) -> None:
        """Forward."""
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)

    def pause_writing(self) -> None:
        """The reader here is slow: take no more from the peer."""
        if self.peer is not None:
            self.peer.stand_still()

    def resume_writing(self) -> None:
        """It caught up."""
        if self.peer is not None and self._proxy.cut is None:
            self.peer.go_on()

    def connection_lost(self, _error: Exception | None) -> None:
        """One side ended: so does the other."""
        self.gone = True
        self._proxy.ended(self)
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.close()

    def stand_still(self) -> None:
        """Take no more bytes from here."""
        if self.transport is not None:
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Take bytes again; an end that came while the line hung is connected now."""
        if self.transport is None or self.gone:
            return
        if self.peer is None:
            self._proxy.join(self)
        else:
            self.transport.resume_reading()

    def reset(self) -> None:
        """End it as if the machine were gone."""
        if self.transport is not None:
            with contextlib.suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()


def _bound(port: int) -> socket.socket:
    """A socket bound beside others on the same port: one that does not listen keeps the port while the one that does is closed."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((LOOPBACK, port))
    bound.settimeout(0)
    return bound
