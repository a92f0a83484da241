"""Ports of a run: below those that the kernel gives away, beside those of stacks and tests, so that others on the machine are not in the way."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.errors import PortTaken
from deploy.local.ports import BASE_VARIABLE, DEFAULT_PORTS, LOOPBACK, is_free

_FIRST, _LAST, _STEP = 10_000, 12_000, 20


@contextmanager
def own_ports() -> Iterator[None]:
    """Have the stack that is started within the block listen on ports that no other run has.

    A run holds its range by listening on the port before it. Raises :class:`PortTaken` where no range is free.
    """
    given = os.environ.get(BASE_VARIABLE)
    with _held_range() as base:
        os.environ[BASE_VARIABLE] = str(base)
        try:
            yield
        finally:
            if given is None:
                del os.environ[BASE_VARIABLE]
            else:
                os.environ[BASE_VARIABLE] = given


@contextmanager
def _held_range() -> Iterator[int]:
    for guarded in range(_FIRST, _LAST, _STEP):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as guard:
            try:
                guard.bind((LOOPBACK, guarded))
                guard.listen()
            except OSError:
                continue
            if all(is_free(port) for port in range(guarded + 1, guarded + 1 + len(DEFAULT_PORTS))):
                yield guarded + 1
                return
    raise PortTaken(f"no {len(DEFAULT_PORTS)} ports in a row are free between {_FIRST} and {_LAST}: see what listens there with ss -ltnp")
