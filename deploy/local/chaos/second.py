"""A second process of a service, which shares its work for a while: partitions and leadership change hands when it comes and when it goes."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.process import ManagedProcess, ProcessSpec
from deploy.local.stack.environment import child_environment

_PARTS = {"workflow": "consumers,worker,relay"}
_USUAL_PARTS = "consumers,relay"
_STOP_SECONDS = 40.0


def second_process(service: str, start: Sequence[str], settings: Mapping[str, str], home: Path) -> ManagedProcess:
    """The process, not started yet. ``start`` are Python's arguments for the service; it serves no HTTP, so it needs no port."""
    argv = [sys.executable, *start, _PARTS.get(service, _USUAL_PARTS)]
    log = home / "logs" / f"{service}-second.log"
    return ManagedProcess(ProcessSpec(f"{service}-second", argv, log, child_environment(settings), stop_seconds=_STOP_SECONDS))
