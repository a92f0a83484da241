"""What can go wrong on the machine, told so that the reader knows what to do.

LocalError
├── PortTaken        a port that was asked for is in use
├── EngineMissing    a file an engine needs cannot be had (no network, wrong checksum, no Java)
├── StartFailed      a process did not become ready; carries the end of its log
├── AlreadyRunning   another supervisor holds this home
└── NotRunning       no stack runs in this home
"""

from pathlib import Path


class LocalError(Exception):
    """A problem of this machine or this stack; the text says what to do."""


class PortTaken(LocalError):
    """A port that was asked for is in use."""


class EngineMissing(LocalError):
    """A file an engine needs is not there and cannot be fetched, or is not what it should be."""


class StartFailed(LocalError):
    """A process ended or stayed unready; shows the end of its log."""

    def __init__(self, name: str, what: str, log: Path, advice: str = "") -> None:
        tail = log_tail(log)
        shown = "\n".join(f"    {line}" for line in tail) or "    (the log is empty)"
        super().__init__(f"{name} {what}. The end of {log}:\n{shown}" + (f"\n{advice}" if advice else ""))
        self.headline = f"{name} {what}"


class AlreadyRunning(LocalError):
    """Another supervisor holds this home directory."""


class NotRunning(LocalError):
    """No stack runs in this home directory."""


def log_tail(log: Path, lines: int = 15, max_bytes: int = 32_768) -> list[str]:
    """Return the last ``lines`` of a log file, reading at most ``max_bytes`` of it; empty if there is none."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - max_bytes))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []
