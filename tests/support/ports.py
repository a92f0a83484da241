"""Ports of a test process: a range of its own, so that nobody takes a port between its choice and its use.

Every process that runs tests (each worker of a run, each of several runs on the machine) holds one range. It holds it by listening on the first port of the
range: the kernel gives that port to one process only and takes it back when the process ends, however it ends. The ranges lie below the ports that the
kernel gives to outgoing connections and to servers that ask for any port, and above the usual ports of a stack.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from deploy.local.ports import BASE_VARIABLE, DEFAULT_PORTS, LOOPBACK, is_free

RANGE_SIZE = 500
LOWEST_PORT = 12_000
GIVEN_BY_THE_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_LOWEST_GIVEN = 32_768


class RangeUsedUpError(RuntimeError):
    """All ports of a range were given away, or no range is left."""


class PortRange:
    """The ports behind ``first``, each given once; ``first`` itself is what holds the range."""

    def __init__(self, guard: socket.socket) -> None:
        self._guard = guard
        self.first: int = guard.getsockname()[1]
        self._next = self.first + 1

    @classmethod
    def hold(cls) -> "PortRange":
        """Take the lowest range that nobody holds.

        Raises:
            RangeUsedUpError: all are held.
        """
        for first in range(LOWEST_PORT, _lowest_given_port() - RANGE_SIZE + 1, RANGE_SIZE):
            guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                guard.bind((LOOPBACK, first))
                guard.listen()
            except OSError:
                guard.close()
            else:
                return cls(guard)
        raise RangeUsedUpError(f"every {RANGE_SIZE}th port from {LOWEST_PORT} is in use: do other test runs go on? (ss -ltnp)")

    def take(self, count: int) -> list[int]:
        """Give the next ``count`` ports in a row that are free.

        Raises:
            RangeUsedUpError: there are not as many any more.
        """
        for start in range(self._next, self.first + RANGE_SIZE - count + 1):
            ports = list(range(start, start + count))
            if all(is_free(port) for port in ports):
                self._next = start + count
                return ports
        raise RangeUsedUpError(
            f"no {count} free ports left in {self.first}…{self.first + RANGE_SIZE - 1}; a test process needs a larger range"
        )

    def release(self) -> None:
        """Let others have the range."""
        self._guard.close()


def _lowest_given_port() -> int:
    """The lowest port that the kernel gives by itself. Where it gives nearly all, the usual ones must do: then a port is merely unlikely to be taken."""
    try:
        lowest = int(GIVEN_BY_THE_KERNEL.read_text(encoding="ascii").split()[0])
    except FileNotFoundError:
        return USUAL_LOWEST_GIVEN
    return lowest if lowest >= LOWEST_PORT + RANGE_SIZE else USUAL_LOWEST_GIVEN


@cache
def _range_of_this_process() -> PortRange:
    return PortRange.hold()


def own_ports(count: int) -> list[int]:
    """``count`` free ports in a row that nobody else will take."""
    return _range_of_this_process().take(count)


def own_port() -> int:
    """One such port."""
    return own_ports(1)[0]


def ports_of_a_stack() -> dict[str, str]:
    """The setting that gives a stack ports of its own."""
    return {BASE_VARIABLE: str(own_ports(len(DEFAULT_PORTS))[0])}


@contextmanager
def a_stack_starts() -> Iterator[None]:
    """A stack that is started in this process within the block gets ports of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ports_of_a_stack().items():
            patch.setenv(name, value)
        yield
