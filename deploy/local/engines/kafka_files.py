"""Kafka's program files: jars resolved once by jgo, checked against committed checksums, kept in the user's cache.

``python -m deploy.local.engines.kafka_files`` fetches them ahead of time. The checksum file is the authority: another Kafka version
means another ``kafka-<version>.sha256``, made with ``sha256sum`` over the jars that jgo resolves for :data:`COORDINATES`.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from deploy.local.errors import EngineMissing
from deploy.local.paths import cache_dir

KAFKA_VERSION = "4.1.0"
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
CHECKSUMS = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}.sha256")


def checksums() -> dict[str, str]:
    """Return the committed SHA-256 by jar name."""
    pairs = (line.split() for line in CHECKSUMS.read_text(encoding="ascii").splitlines())
    return {name: digest for digest, name in pairs}


def jar_directory() -> Path:
    """Where the checked jars are kept."""
    return cache_dir() / f"kafka-{KAFKA_VERSION}"


def wrong_jars(directory: Path) -> list[str]:
    """Names of the jars that are missing in ``directory`` or differ from their checksum."""
    return [name for name, digest in checksums().items() if not _matches(directory / name, digest)]


def kafka_jars() -> Path:
    """Return the directory of the checked jars, fetching them if this machine does not have them yet (43 MB, once per user).

    Raises:
        EngineMissing: they cannot be fetched, or are not what the checksums say.
    """
    directory = jar_directory()
    if directory.is_dir() and not wrong_jars(directory):
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kafka-", dir=directory.parent) as scratch:
        fetched = Path(scratch) / "jars"
        _resolve(Path(scratch) / "jgo", fetched)
        bad = wrong_jars(fetched)
        if bad:
            raise EngineMissing(
                f"Kafka {KAFKA_VERSION}: {len(bad)} of {len(checksums())} jars are missing or have another checksum than committed "
                f"({', '.join(bad[:3])}, …). Nothing was installed. Check the Maven repository or mirror that jgo is configured to use."
            )
        # Another stack may have been faster; its jars passed the same check.
        shutil.rmtree(directory, ignore_errors=True)
        fetched.rename(directory)
    return directory


def _resolve(workspace: Path, target: Path) -> None:
    """Let jgo download the jars and copy the ones we know into ``target``."""
    import jgo  # noqa: PLC0415 - slow to import and needed once per machine

    try:
        environment = jgo.build(COORDINATES, cache_dir=workspace)
    except Exception as problem:  # jgo raises whatever its resolver, HTTP client or file system raised
        raise EngineMissing(
            f"Kafka {KAFKA_VERSION} could not be fetched: {type(problem).__name__} {problem}. It is needed once per user; check the network, "
            "or use a Kafka of your own by setting AFTERSALES_KAFKA_BOOTSTRAP_SERVERS."
        ) from problem
    target.mkdir()
    known = checksums()
    for jar in Path(environment.path).rglob("*.jar"):
        if jar.name in known:
            shutil.copyfile(jar, target / jar.name)


def _matches(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except FileNotFoundError:
        return False


def main() -> int:
    """Fetch the jars if needed and say where they are; return the exit status."""
    try:
        directory = kafka_jars()
    except EngineMissing as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"Kafka {KAFKA_VERSION} is in {directory}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
