"""Processes of an earlier supervisor that was killed: ended before a new one starts, because they hold the ports and the data."""

import contextlib
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import psutil

POLITE_SECONDS = 10.0
CLOCK_TOLERANCE_SECONDS = 1.0


def birth(pid: int) -> float | None:
    """When a process began (seconds since the epoch), None if there is none. Together with the pid it names a process for good."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def living(processes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return those of the recorded processes that still run."""
    return [record for record in processes if _still_there(record) is not None]


def end_leftovers(processes: Iterable[Mapping[str, Any]]) -> list[str]:
    """End those of the recorded processes (``name``, ``kind``, ``pid``, ``born``) that are still the same ones; return their names.

    Kind by kind, the last in the list first: services before the engines they use.
    """
    ended: list[str] = []
    for _kind, group in groupby(reversed(list(processes)), key=lambda record: record.get("kind")):
        alive = [(record, process) for record in group if (process := _still_there(record)) is not None]
        ended += [str(record["name"]) for record, _process in alive]
        _end([process for _record, process in alive])
    return ended


def _still_there(record: Mapping[str, Any]) -> psutil.Process | None:
    pid, born = record.get("pid"), record.get("born")
    if not pid or not born:
        return None
    try:
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(born)) < CLOCK_TOLERANCE_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _end(processes: list[psutil.Process]) -> None:
    family = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            family += process.children(recursive=True)
            process.terminate()
    _gone, left = psutil.wait_procs(processes, timeout=POLITE_SECONDS)
    if left:
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=POLITE_SECONDS)
