import hashlib
from pathlib import Path

import pytest

from deploy.local.engines import kafka_files
from deploy.local.errors import EngineMissing


@pytest.fixture
def one_known_jar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("AFTERSALES_CACHE", str(tmp_path))
    monkeypatch.setattr(kafka_files, "checksums", lambda: {"a.jar": hashlib.sha256(b"good").hexdigest()})
    return kafka_files.jar_directory()


def fetches(content: bytes, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    fetched: list[Path] = []

    def resolve(_workspace: Path, target: Path) -> None:
        target.mkdir()
        (target / "a.jar").write_bytes(content)
        fetched.append(target)

    monkeypatch.setattr(kafka_files, "_resolve", resolve)
    return fetched


def test_jars_are_fetched_once_and_then_found(one_known_jar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = fetches(b"good", monkeypatch)
    assert kafka_files.kafka_jars() == one_known_jar
    assert kafka_files.kafka_jars() == one_known_jar
    assert len(fetched) == 1


def test_a_jar_with_another_checksum_is_never_installed(one_known_jar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetches(b"bad", monkeypatch)
    with pytest.raises(EngineMissing, match=r"a\.jar"):
        kafka_files.kafka_jars()
    assert not one_known_jar.exists()


def test_a_jar_that_was_changed_in_the_cache_is_fetched_again(one_known_jar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetches(b"good", monkeypatch)
    kafka_files.kafka_jars()
    (one_known_jar / "a.jar").write_bytes(b"tampered")
    kafka_files.kafka_jars()
    assert (one_known_jar / "a.jar").read_bytes() == b"good"


def test_the_committed_checksums_are_complete() -> None:
    names = kafka_files.checksums()
    assert f"kafka_2.13-{kafka_files.KAFKA_VERSION}.jar" in names
    assert all(len(digest) == 64 for digest in names.values())
