"""A second process of a service, which shares its work for a while: partitions and leadership change hands when it comes and when it goes."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.process import ManagedProcess, ProcessSpec
from deploy.local.stack.environment import child_environment

_USUAL_PARTS = ("consumers,relay", "consumers", "relay")
_PARTS = {"workflow": ("consumers,worker,relay", "consumers", "worker", "relay")}
_STOP_SECONDS = 40.0


def second_process(service: str, start: Sequence[str], settings: Mapping[str, str], home: Path, chance: float) -> ManagedProcess:
    """The process, not started yet. ``start`` are Python's arguments for the service; ``chance`` (0 to 1) says which of its parts it runs.

    It serves no HTTP, so it needs no port.
    """
    choices = _PARTS.get(service, _USUAL_PARTS)
    argv = [sys.executable, *start, choices[int(chance * 100) % len(choices)]]
    log = home / "logs" / f"{service}-second.log"
    return ManagedProcess(ProcessSpec(f"{service}-second", argv, log, child_environment(settings), stop_seconds=_STOP_SECONDS))
