"""The Unix socket of a stack's own PostgreSQL, by which its services reach it; TCP on the loopback address is for people, tools and tests.

The socket lies in a folder of the home that only its owner may enter. Its path must be short and, because server and clients take lists of them, without a
comma; in a home where that cannot be there is no socket, and the services use TCP, too.
"""

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

LONGEST_PATH_BYTES: Final = 103
"""What macOS takes; Linux takes four more."""


def socket_folder(home: Path, port: int) -> Path | None:
    """Where the server of ``home`` on ``port`` has its socket; None where it has none."""
    folder = home.absolute() / "postgres" / "socket"
    path = os.fsencode(socket_path(folder, port))
    return None if len(path) > LONGEST_PATH_BYTES or b"," in path else folder


def socket_path(folder: Path, port: int) -> Path:
    """The socket itself, named as PostgreSQL and its clients name it."""
    return folder / f".s.PGSQL.{port}"


def by_socket(home: Path, dsn: str) -> str:
    """Return the ``dsn`` of a TCP port by way of the home's socket, as libpq and asyncpg understand it; unchanged where there is none."""
    parts = urlsplit(dsn)
    folder = socket_folder(home, parts.port or 0)
    if folder is None:
        return dsn
    login = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{login}@", query=f"host={quote(str(folder))}&port={parts.port}"))
