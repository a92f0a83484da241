"""Writes that are sent together: one statement, all of them or none, and nothing lost where two touch the same row."""

from contextlib import suppress
from uuid import uuid4

import pytest

from services.kit import outbox
from services.kit.postgres import Pool, transaction
from services.kit.writing import send, sent_together, write
from tests.integration.kit.support import a_case_key, an_event

pytestmark = pytest.mark.engines

INBOX = "INSERT INTO inbox (event_id) VALUES ($1)"
INSERT = "INSERT INTO notes (number, words) VALUES ($1, $2)"
ADD = "UPDATE notes SET words = words || $2 WHERE number = $1"


@pytest.fixture
async def notes(pool: Pool) -> Pool:
    await pool.execute("CREATE TABLE IF NOT EXISTS notes (number integer PRIMARY KEY, words text NOT NULL)")
    await pool.execute("TRUNCATE notes")
    return pool


async def words_of(pool: Pool) -> dict[int, str]:
    return {row["number"]: row["words"] for row in await pool.fetch("SELECT number, words FROM notes")}


async def test_the_writes_of_a_block_and_its_events_are_one_statement(notes: Pool) -> None:
    key, line = a_case_key(), uuid4()
    asked: list[str] = []
    async with transaction(notes) as connection:
        with connection.query_logger(lambda query: asked.append(query.query) if query.query.startswith("WITH write_1") else None):
            async with sent_together(connection):
                await write(connection, INSERT, 1, "one")
                await outbox.append_last(connection, [an_event(key)])
                async with sent_together(connection):  # a block within is part of it
                    await write(connection, INBOX, line)
                    await outbox.append_last(connection, [an_event(key)])
                assert await connection.fetchval("SELECT count(*) FROM notes") == 0
    assert len(asked) == 1
    assert await words_of(notes) == {1: "one"}
    assert await notes.fetchval("SELECT count(*) FROM inbox WHERE event_id = $1", line) == 1
    assert [row["sequence"] for row in await notes.fetch("SELECT sequence FROM outbox WHERE key = $1 ORDER BY id", str(key))] == [1, 2]


async def test_two_changes_of_one_row_both_count(notes: Pool) -> None:
    """PostgreSQL carries out one change of a row per statement, and says nothing of the other."""
    async with transaction(notes) as connection, sent_together(connection):
        await connection.execute(INSERT, 1, "one")
        await connection.execute(INSERT, 2, "two")
        for number, word in ((1, " more"), (2, " more"), (1, " and more")):
            await write(connection, ADD, number, word)
    assert await words_of(notes) == {1: "one more and more", 2: "two more"}


async def test_whoever_reads_what_was_written_sends_it_first(notes: Pool) -> None:
    async with transaction(notes) as connection, sent_together(connection):
        await write(connection, INSERT, 1, "one")
        assert await connection.fetchval("SELECT count(*) FROM notes") == 0
        await send(connection)
        assert await connection.fetchval("SELECT count(*) FROM notes") == 1
    assert await words_of(notes) == {1: "one"}


async def test_nothing_of_a_block_that_fails_is_sent(notes: Pool) -> None:
    async with transaction(notes) as connection:
        with suppress(ConnectionAbortedError):
            async with sent_together(connection):
                await write(connection, INSERT, 1, "one")
                raise ConnectionAbortedError
        async with sent_together(connection):
            await write(connection, INSERT, 2, "two")
    assert await words_of(notes) == {2: "two"}


async def test_outside_of_a_block_or_on_another_connection_a_write_is_sent_at_once(notes: Pool) -> None:
    async with transaction(notes) as one:
        await write(one, INSERT, 1, "one")
        assert await one.fetchval("SELECT count(*) FROM notes") == 1
        async with sent_together(one), transaction(notes) as two:
            await write(two, INSERT, 2, "two")
            assert await two.fetchval("SELECT count(*) FROM notes") == 1
    assert await words_of(notes) == {1: "one", 2: "two"}
