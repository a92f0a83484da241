"""Running PostgreSQL when we are root: it refuses, so it runs as an ordinary user that still reaches a private checkout.

Containers often run everything as root, with a home directory nobody else may enter. ``setpriv`` starts the server as ``nobody`` but with the one
capability that lets it enter those directories, so no permission of any directory has to be loosened.
"""

import os
import pwd
import shutil
from pathlib import Path

from deploy.local.errors import EngineMissing

CANDIDATES = ("postgres", "nobody")


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def as_ordinary_user(argv: list[str]) -> list[str]:
    """Return the command that runs ``argv`` as an ordinary user; unchanged unless we are root.

    Raises:
        EngineMissing: we are root and the machine has no way to do that.
    """
    if not is_root():
        return argv
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EngineMissing(
            "PostgreSQL does not run as root, and 'setpriv' (package util-linux) is missing. Run this as an ordinary user, install util-linux, "
            "or use a PostgreSQL of your own by setting AFTERSALES_POSTGRES_ADMIN_DSN."
        )
    user = _user()
    return [
        *(setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
        *argv,
    ]


def hand_over(path: Path) -> None:
    """Make ``path`` belong to that ordinary user; does nothing unless we are root."""
    if is_root():
        user = _user()
        os.chown(path, user.pw_uid, user.pw_gid)


def _user() -> pwd.struct_passwd:
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EngineMissing(
        "PostgreSQL does not run as root, and this machine has no user 'postgres' or 'nobody'. Run this as an ordinary user."
    )
