"""What an operator does by command, on a real PostgreSQL: the words they see and what becomes of the rows."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from contracts.topics import Topic
from services.kit import commands, quarantine
from services.kit.postgres import Pool, transaction
from services.kit.quarantine import Entry
from services.kit.records import Kind, Problem, Record
from tests.integration.kit.support import an_event, commit

pytestmark = pytest.mark.engines

Command = Callable[..., Awaitable[str]]


@pytest.fixture
def run(dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("AFTERSALES_KIT_POSTGRES_DSN", dsn)
    monkeypatch.setattr(commands, "REPLAY_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(commands.console, "width", 300)

    async def run_command(*words: str) -> str:
        app = commands.outbox_app if words[0] == "outbox" else commands.quarantine_app
        await asyncio.to_thread(app, [*words[1:], "--service", "kit"], result_action="return_value")
        return capsys.readouterr().out

    return run_command


def _entry(offset: int, problem: Problem) -> Entry:
    time = datetime(2026, 3, 2, tzinfo=UTC)
    record = Record(Topic.CASE, 0, offset, time, b"case-1", b'{"x": "\xff"}', (("ce_id", b"1"), ("odd", None)))
    return Entry(record, "case-1", None, problem)


@pytest.fixture
async def rows(pool: Pool) -> list[int]:
    async with transaction(pool) as connection:
        problems = [Problem(Kind.PERMANENT, "impossible, says anna@example.org"), Problem(Kind.HELD, "waits"), Problem(Kind.HELD, "waits")]
        await quarantine.insert(connection, [_entry(offset, problem) for offset, problem in enumerate(problems)])
    return [row.id for row in await quarantine.find(pool)]


async def test_rows_are_listed_and_shown_raw(run: Command, rows: list[int]) -> None:
    listed = await run("quarantine", "list")
    assert "permanent" in listed
    assert "held" in listed
    assert "anna" not in listed
    shown = await run("quarantine", "show", str(rows[0]))
    assert r'{"x": "\xff"}' in shown
    assert "aftersales.case.v1 partition 0 offset 0" in shown


async def test_a_replay_takes_the_whole_key_and_says_when_nobody_does_it(run: Command, pool: Pool, rows: list[int]) -> None:
    assert "3 of 3 rows are still waiting: is kit running?" in await run("quarantine", "replay", str(rows[2]))
    assert await quarantine.waiting_for_replay(pool) == 3


async def test_a_dropped_row_keeps_its_reason_and_frees_the_others(run: Command, pool: Pool, rows: list[int]) -> None:
    assert "is dropped" in await run("quarantine", "drop", str(rows[0]), "--reason", "a duplicate of another shop")
    assert await quarantine.waiting_for_replay(pool) == 2
    assert "dropped: a duplicate of another shop" in await run("quarantine", "list", "--resolved")
    with pytest.raises(SystemExit, match="no open row"):
        await run("quarantine", "drop", str(rows[0]), "--reason", "again")


async def test_mistakes_are_told(run: Command, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is empty" in await run("quarantine", "list")
    for words, message in ((("show", "999"), "no row 999"), (("replay",), "name one thing"), (("replay", "999"), "nothing open")):
        with pytest.raises(SystemExit, match=message):
            await run("quarantine", *words)
    monkeypatch.delenv("AFTERSALES_KIT_POSTGRES_DSN")
    with pytest.raises(SystemExit, match="set AFTERSALES_KIT_POSTGRES_DSN"):
        await run("quarantine", "list")


async def test_sent_events_are_marked_to_be_sent_again(run: Command, pool: Pool) -> None:
    await commit(pool, an_event(), an_event())
    await pool.execute("UPDATE outbox SET sent_at = now()")
    assert "2 events of kit will be sent again" in await run("outbox", "republish", "--since", "2026-01-01")
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 2
