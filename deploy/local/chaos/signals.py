"""A process that stands still: stopped with all that it started, and continued."""

import contextlib
import signal

import psutil


def freeze(pid: int) -> None:
    """SIGSTOP to a process and its descendants: connections stay open, and nobody answers."""
    _send(pid, signal.SIGSTOP)


def thaw(pid: int) -> None:
    """SIGCONT to the same."""
    _send(pid, signal.SIGCONT)


def _send(pid: int, number: signal.Signals) -> None:
    """PostgreSQL's servers are in process groups of their own: the family is what counts, parents first."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
