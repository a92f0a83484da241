"""Migrations on a real PostgreSQL: repeatable, safe at once from several processes, all or nothing."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from services.kit.migrate import apply_migrations
from tests.support.stack import DsnFactory

pytestmark = pytest.mark.engines


async def _tables(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'kit'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def test_several_processes_may_migrate_at_once_and_again(empty_postgres_dsn_for: DsnFactory) -> None:
    dsn = await empty_postgres_dsn_for("kit")
    await asyncio.gather(*(asyncio.to_thread(apply_migrations, dsn, "kit") for _ in range(4)))
    await asyncio.to_thread(apply_migrations, dsn, "kit")
    assert {"outbox", "inbox", "quarantine", "delivery", "idempotency_key"} <= await _tables(dsn)


async def test_a_service_has_its_own_history_and_a_failed_version_leaves_nothing(
    empty_postgres_dsn_for: DsnFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = await empty_postgres_dsn_for("kit")
    versions = tmp_path / "shop_history" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "__init__.py").touch()
    version = versions / "0001_tables.py"
    head = (
        'from alembic import op\nrevision = "0001"\ndown_revision = None\ndef upgrade():\n    op.execute("CREATE TABLE parcel (id int)")\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    version.write_text(head + '    op.execute("CREATE TABLE nonsense (")\n')
    with pytest.raises(Exception, match="syntax error"):
        await asyncio.to_thread(apply_migrations, dsn, "kit", "shop_history")
    assert "parcel" not in await _tables(dsn)

    version.write_text(head)
    await asyncio.to_thread(apply_migrations, dsn, "kit", "shop_history")
    await asyncio.to_thread(apply_migrations, dsn, "kit", "shop_history")
    assert {"parcel", "outbox"} <= await _tables(dsn)
