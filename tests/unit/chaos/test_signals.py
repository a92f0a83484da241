"""Processes stand still with all that they started, and go on, whatever became of their parent."""

import subprocess
import sys
import time

import psutil

from deploy.local.chaos.signals import freeze, thaw

_PARENT = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); input()"


def reaches(process: psutil.Process, *statuses: str) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if process.status() in statuses:
            return True
        time.sleep(0.02)
    return False


def test_a_child_goes_on_although_its_parent_was_killed_while_both_stood_still() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    try:
        frozen = freeze(parent.pid)
        assert reaches(child, psutil.STATUS_STOPPED)
        parent.kill()
        parent.wait()
        thaw(frozen)
        assert reaches(child, psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING)
    finally:
        child.kill()
        parent.kill()
        parent.communicate()


def test_a_process_that_is_gone_cannot_stand_still() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    thaw(freeze(gone.pid))
