"""Which ports a stack uses: the usual ones if they are free, others if not, exactly the ones that were asked for if some were."""

import os
import socket

from deploy.local.errors import PortTaken

BASE_VARIABLE = "AFTERSALES_PORT_BASE"
LOOPBACK = "127.0.0.1"
LOWEST_PORT = 1024

DEFAULT_PORTS: dict[str, int] = {
    "intake": 8101,
    "workflow": 8102,
    "logistics": 8103,
    "notifications": 8104,
    "payments": 8111,
    "carrier": 8112,
    "mailbox": 8113,
    "mailbox_smtp": 8125,
    "temporal_ui": 8233,
    "temporal": 7233,
    "kafka": 9092,
    "kafka_controller": 9093,
    "postgres": 5432,
}
"""What listens where if nothing is in the way."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on the TCP port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return ``count`` different ports that are free now. They are held together while choosing, so that none comes twice."""
    probes = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def choose_ports(earlier: dict[str, int] | None = None) -> dict[str, int]:
    """Return a port for each name of :data:`DEFAULT_PORTS`.

    ``AFTERSALES_PORT_BASE=20000`` asks for 20000, 20001, … in the order of the table. Otherwise each name keeps the port of its ``earlier`` run,
    else takes the usual one, else, if that is in use, any free one.

    Raises:
        PortTaken: the base is not a port, or a port that was asked for is in use.
    """
    base = os.environ.get(BASE_VARIABLE)
    if base:
        return _from_base(base)
    preferred = DEFAULT_PORTS | (earlier or {})
    chosen = {name: preferred[name] for name in DEFAULT_PORTS if is_free(preferred[name])}
    blocked = [name for name in DEFAULT_PORTS if name not in chosen]
    return chosen | dict(zip(blocked, free_ports(len(blocked)), strict=True))


def _from_base(base: str) -> dict[str, int]:
    highest = 65535 - len(DEFAULT_PORTS)
    if not base.isdecimal() or not LOWEST_PORT <= int(base) <= highest:
        raise PortTaken(f"{BASE_VARIABLE} is {base!r}; it must be a number from {LOWEST_PORT} to {highest}")
    ports = {name: int(base) + offset for offset, name in enumerate(DEFAULT_PORTS)}
    taken = [f"{port} ({name})" for name, port in ports.items() if not is_free(port)]
    if taken:
        raise PortTaken(
            f"In use: port {', '.join(taken)}. Stop what listens there (see it with: ss -ltnp), choose another {BASE_VARIABLE}, "
            f"or unset it to let free ports be chosen."
        )
    return ports
