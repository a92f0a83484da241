"""The files of a stack's home directory: who holds it, what runs, and secrets that only their owner may read."""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.local.errors import AlreadyRunning, NotRunning

STATE_FILE = "stack.json"
LOCK_FILE = "supervisor.lock"
PRIVATE = 0o600


def write_private(path: Path, content: Any) -> None:
    """Write JSON so that readers see the old file or the whole new one, and only the owner reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> Any:
    """Return the content of a JSON file, None if there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def hold_home(home: Path) -> Iterator[None]:
    """Be the only supervisor of this home. The operating system lets go of the lock when the process ends, however it ends.

    Raises:
        AlreadyRunning: another process holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"A stack runs in {home} already. Use it, stop it with `aftersales down`, or start another one elsewhere: AFTERSALES_HOME=DIR"
            ) from None
        yield


def is_held(home: Path) -> bool:
    """Whether a supervisor holds this home now."""
    try:
        with (home / LOCK_FILE).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_state(home: Path) -> dict[str, Any]:
    """Return the state of the stack that runs in ``home``: its phase, addresses, urls, ports and processes with their pids.

    Raises:
        NotRunning: no supervisor holds this home.
    """
    state = read_json(home / STATE_FILE)
    if state is None or not is_held(home):
        raise NotRunning(f"No stack runs in {home}. Start one with `aftersales up`, or name its home: AFTERSALES_HOME=DIR")
    return dict(state)
