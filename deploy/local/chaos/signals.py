"""Processes that stand still: stopped with all that they started, and continued."""

import contextlib
import signal
from collections.abc import Sequence

import psutil


def freeze(pid: int) -> Sequence[psutil.Process]:
    """SIGSTOP to a process and its descendants: connections stay open, and nobody answers. Returns who stands still.

    PostgreSQL's servers are in process groups of their own: the family is what counts, parents first.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        _send(family, signal.SIGSTOP)
        return family
    return ()


def thaw(frozen: Sequence[psutil.Process]) -> None:
    """SIGCONT to the same, also where their parent was killed meanwhile: they must learn of it and end."""
    _send(frozen, signal.SIGCONT)


def _send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
