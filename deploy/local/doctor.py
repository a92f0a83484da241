"""``aftersales doctor``: what this machine needs for a local stack, what it has, and what to do about the difference."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.local.engines.java import find_java, java_major
from deploy.local.engines.kafka_files import KAFKA_VERSION, jar_directory, wrong_jars
from deploy.local.engines.postgres import postgres_binary
from deploy.local.engines.temporal import find_temporal
from deploy.local.engines.unprivileged import as_ordinary_user, is_root
from deploy.local.errors import LocalError
from deploy.local.ports import BASE_VARIABLE, DEFAULT_PORTS, choose_ports, is_free
from deploy.local.stack.external import ExternalEngines, external_engines
from deploy.local.stack.files import STATE_FILE, is_held, read_json
from deploy.local.stack.leftovers import living

OLDEST_PYTHON = (3, 11)
DISK_GIB = 2.0
MEMORY_GIB = 2.0
OPEN_FILES = 1024
GIB = 1024**3
VERSION_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing. ``ok`` None means: works, but worth knowing."""

    what: str
    ok: bool | None
    words: str


def findings(home: Path) -> Iterator[Finding]:
    """Check one thing after the other."""
    try:
        external = external_engines()
    except LocalError as problem:
        yield Finding("settings", ok=False, words=str(problem))
        external = ExternalEngines()
    yield _python()
    yield from _engines(external)
    yield _disk(home)
    yield _memory()
    yield _open_files()
    yield _ports(home)
    yield _home(home)


def doctor(home: Path, console: Console) -> int:
    """Print all findings; return 0 if a stack can be started, else 1."""
    table = Table(box=None, pad_edge=False, show_header=False)
    all_well = True
    for finding in findings(home):
        all_well = all_well and finding.ok is not False
        mark = {True: Text("ok", style="green"), None: Text("note", style="yellow"), False: Text("fail", style="bold red")}[finding.ok]
        table.add_row(mark, finding.what, Text(finding.words, overflow="fold"))
    console.print(table)
    console.print("This machine can run a stack: aftersales up" if all_well else "Mend what failed, then run this again.", style="bold")
    return 0 if all_well else 1


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", ok=False, words=f"{version} is too old; 3.11 or newer is needed: make setup PYTHON=python3.11")
    return Finding("Python", ok=True, words=f"{version} ({sys.executable})")


def _engines(external: ExternalEngines) -> Iterator[Finding]:
    if external.kafka_bootstrap_servers:
        yield Finding("Kafka", ok=True, words=f"elsewhere: {external.kafka_bootstrap_servers}")
    else:
        yield _engine("Java", lambda: f"{java_major(find_java())} ({find_java()})")
        yield _kafka()
    if external.temporal_address:
        yield Finding("Temporal", ok=True, words=f"elsewhere: {external.temporal_address}, namespace {external.temporal_namespace}")
    else:
        yield _engine("Temporal", lambda: _version([str(find_temporal()), "--version"]))
    if external.has_postgres:
        yield Finding("PostgreSQL", ok=True, words="elsewhere, by DSN")
    else:
        yield _engine("PostgreSQL", _postgres)


def _kafka() -> Finding:
    directory = jar_directory()
    if not directory.is_dir():
        return Finding(
            "Kafka", ok=None, words=f"{KAFKA_VERSION} is not in {directory} yet; it is fetched once, by make setup or the first start"
        )
    bad = wrong_jars(directory)
    if bad:
        return Finding("Kafka", ok=None, words=f"{len(bad)} jars in {directory} are missing or changed; the next start fetches them again")
    return Finding("Kafka", ok=True, words=f"{KAFKA_VERSION}, checksums hold ({directory})")


def _postgres() -> str:
    words = _version(as_ordinary_user([str(postgres_binary("postgres")), "--version"]))
    return words + (" (we are root: it runs as an ordinary user)" if is_root() else "")


def _engine(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, ok=True, words=check())
    except LocalError as problem:
        return Finding(what, ok=False, words=str(problem))


def _version(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=VERSION_SECONDS)
    except (OSError, subprocess.SubprocessError) as problem:
        raise LocalError(f"{command[0]} does not run on this machine: {problem}") from problem
    return answer.stdout.strip()


def _disk(home: Path) -> Finding:
    place = home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / GIB
    if not os.access(place, os.W_OK):
        return Finding("disk", ok=False, words=f"{place} is not writable; choose another place: AFTERSALES_HOME=DIR")
    if free < DISK_GIB:
        return Finding(
            "disk", ok=False, words=f"{free:.1f} GiB free at {place}; {DISK_GIB:.0f} GiB are needed. Make room, or set AFTERSALES_HOME"
        )
    return Finding("disk", ok=True, words=f"{free:.0f} GiB free at {place}")


def _memory() -> Finding:
    available = psutil.virtual_memory().available / GIB
    if available < MEMORY_GIB:
        return Finding("memory", ok=False, words=f"{available:.1f} GiB available; {MEMORY_GIB:.0f} GiB are needed. Stop other programs")
    return Finding("memory", ok=True, words=f"{available:.1f} GiB available, {os.cpu_count()} processors")


def _open_files() -> Finding:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        return Finding("open files", ok=False, words=f"a process may open {soft}; Kafka needs {OPEN_FILES}: ulimit -n 4096")
    return Finding("open files", ok=True, words="unlimited" if soft == resource.RLIM_INFINITY else f"{soft} per process")


def _ports(home: Path) -> Finding:
    if is_held(home):
        return Finding("ports", ok=True, words="in use by the stack that is up")
    if os.environ.get(BASE_VARIABLE):
        return _engine("ports", lambda: f"from {BASE_VARIABLE}: {', '.join(map(str, choose_ports().values()))} are free")
    taken = [f"{port} ({name})" for name, port in DEFAULT_PORTS.items() if not is_free(port)]
    if taken:
        return Finding("ports", ok=None, words=f"in use: {', '.join(taken)}; free ones are taken instead, or set {BASE_VARIABLE}")
    return Finding("ports", ok=True, words="the usual ones are free")


def _home(home: Path) -> Finding:
    if is_held(home):
        return Finding("stack", ok=True, words=f"one is up in {home}")
    left = living((read_json(home / STATE_FILE) or {}).get("processes", []))
    if left:
        names = ", ".join(f"{record['name']} (pid {record['pid']})" for record in left)
        return Finding("stack", ok=None, words=f"a killed run left {names}; the next start, or aftersales down, ends them")
    return Finding("stack", ok=True, words=f"none is up in {home}")
