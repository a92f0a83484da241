"""Messages of before their facts and words were packed: they are read as they were, the waiting ones are sent, and erasure reaches their words."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.identifiers import CustomerRef
from services.kit.clock import utc_now
from services.kit.migrate import apply_migrations
from services.kit.postgres import Pool, open_pool, transaction
from services.notifications.adapters.messages import MESSAGES, claim, erase_words, log_notices, note_sent, shown
from services.notifications.domain.moments import Notice
from tests.support.stack import DsnFactory

pytestmark = pytest.mark.engines

FACTS = {"due_at": "2026-03-09T09:30:00+00:00", "options": [{"amount_minor": 850, "clause": {"en": "You may", "zh-CN": "您可以"}}]}
INSERT = """
INSERT INTO messages (message_id, merchant_id, test, case_id, case_number, customer_ref, moment, sequence, audience, locale, facts, due_at, created_at,
    state, subject, text)
VALUES ($1, 'demo-shop', true, $2, 'D26-000001', $3, 'R-NTF-05', 1, 'customer', 'en', $4, now(), now(), $5, $6, $7)
"""


async def _written_before(pool: Pool, ref: UUID, state: str, subject: str | None, text: str | None) -> UUID:
    message_id = uuid4()
    await pool.execute(INSERT, message_id, uuid4(), ref, FACTS, state, subject, text)
    return message_id


async def _shown(pool: Pool, message_id: UUID) -> dict[str, Any]:
    row = await pool.fetchrow(f"SELECT * FROM {MESSAGES} WHERE message_id = $1", message_id)  # noqa: S608 - a constant
    assert row is not None
    return shown(row)


async def test_messages_of_before_are_read_sent_and_erased(empty_postgres_dsn_for: DsnFactory) -> None:
    dsn = await empty_postgres_dsn_for("notifications")
    await asyncio.to_thread(apply_migrations, dsn, "notifications", "services.notifications.migrations", until="0001")
    ref = CustomerRef(uuid4())
    async with open_pool(dsn, service="notifications-test") as pool:
        said = await _written_before(pool, ref, "sent", "Your refund", "Dear Ann,\n\n£8.50 – 您好\n")
        waiting = await _written_before(pool, ref, "pending", None, None)
    await asyncio.to_thread(apply_migrations, dsn, "notifications", "services.notifications.migrations")

    async with open_pool(dsn, service="notifications-test") as pool:
        row = await _shown(pool, said)
        assert (row["facts"], row["subject"], row["text"]) == (FACTS, "Your refund", "Dear Ann,\n\n£8.50 – 您好\n")
        async with transaction(pool) as conn:
            (due,) = await claim(conn, 10, utc_now())
            assert (due.message_id, due.facts) == (waiting, FACTS)
            assert await note_sent(conn, [(due, "Choose", "Dear Ann", utc_now())]) == {due.message_id}
            await log_notices(conn, uuid4(), due.to, [Notice("R-NTF-05", FACTS)], utc_now())
            (next_one,) = await claim(conn, 10, utc_now())
            assert (next_one.to, next_one.sequence) == (due.to, 2)
        row = await _shown(pool, waiting)
        assert (row["facts"], row["subject"], row["text"]) == (FACTS, "Choose", "Dear Ann")
        async with transaction(pool) as conn:
            await erase_words(conn, ref)
        for message_id in (said, waiting):
            row = await _shown(pool, message_id)
            assert (row["facts"], row["subject"], row["text"]) == (FACTS, None, None)
