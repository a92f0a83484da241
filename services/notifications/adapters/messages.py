"""The message log: each message a row before it is sent, once per (case, moment, sequence) (R-NTF-34)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.kit.postgres import Connection
from services.notifications.domain.moments import Notice

_LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whose case a message is about."""

    merchant_id: str
    test: bool
    case_id: UUID
    case_number: str
    customer_ref: UUID
    locale: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits to be sent."""

    message_id: UUID
    to: Addressee
    moment: str
    sequence: int
    audience: str
    facts: dict[str, Any]
    attempts: int
    created_at: datetime


async def log_notices(conn: Connection, event_id: UUID, to: Addressee, notices: Sequence[Notice], at: datetime) -> None:
    """Write the messages an event calls for. The ids derive from the event, so that a repeat changes nothing."""
    for index, notice in enumerate(notices):
        await conn.execute(
            """
            INSERT INTO messages (message_id, merchant_id, test, case_id, case_number, customer_ref, moment, sequence, audience, locale, facts,
                                  due_at, created_at)
            SELECT $1, $2, $3, $4, $5, $6, $7, count(*) + 1, $8, $9, $10, $11, $11 FROM messages WHERE case_id = $4 AND moment = $7
            ON CONFLICT (message_id) DO NOTHING
            """,
            uuid5(event_id, f"{notice.moment}/{index}"),
            to.merchant_id,
            to.test,
            to.case_id,
            to.case_number,
            to.customer_ref,
            notice.moment,
            notice.audience,
            to.locale,
            notice.facts,
            at,
        )


async def claim(conn: Connection, limit: int, now: datetime) -> list[Message]:
    """Take messages that are due, the earliest of each case only, and keep others off them for a minute.

    A sender that dies leaves the row to whoever claims it next: the mail then goes out again under the same message id.
    """
    rows = await conn.fetch(
        f"""
        UPDATE messages SET due_at = $2::timestamptz + interval '{_LEASE_SECONDS} seconds', attempts = attempts + 1
        WHERE message_id IN (
            SELECT message_id FROM messages AS m
            WHERE state = 'pending' AND due_at <= $2
              AND NOT EXISTS (SELECT 1 FROM messages e WHERE e.case_id = m.case_id AND e.state = 'pending' AND e.position < m.position)
            ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING *
        """,  # noqa: S608 - a constant of this module
        limit,
        now,
    )
    return [_message(row) for row in sorted(rows, key=lambda row: row["position"])]


async def put_off(conn: Connection, message_id: UUID, until: datetime, failure: str) -> None:
    """Try again later."""
    await conn.execute("UPDATE messages SET due_at = $2, failure = $3 WHERE message_id = $1", message_id, until, failure)


async def finish(
    conn: Connection, message_id: UUID, state: str, words: tuple[str | None, str | None], at: datetime, failure: str | None
) -> bool:
    """Say that a message is out (``sent``), stays where it can be read (``in_app``) or has no words (``failed``). False if it was finished before."""
    done = await conn.fetchval(
        """
        UPDATE messages SET state = $2, subject = $3, text = $4, sent_at = $5, failure = $6
        WHERE message_id = $1 AND state = 'pending' RETURNING true
        """,
        message_id,
        state,
        *words,
        at,
        failure,
    )
    return bool(done)


async def open_agent_task(conn: Connection, task_id: UUID, to: Addressee, reason: str, at: datetime) -> bool:
    """Ask an agent to reach the customer in person; once per case and reason. False if it was asked before."""
    opened = await conn.fetchval(
        """
        INSERT INTO agent_tasks (task_id, merchant_id, case_id, case_number, customer_ref, reason, opened_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (task_id) DO NOTHING RETURNING true
        """,
        task_id,
        to.merchant_id,
        to.case_id,
        to.case_number,
        to.customer_ref,
        reason,
        at,
    )
    return bool(opened)


def _message(row: Any) -> Message:
    addressee = Addressee(row["merchant_id"], row["test"], row["case_id"], row["case_number"], row["customer_ref"], row["locale"])
    return Message(
        row["message_id"], addressee, row["moment"], row["sequence"], row["audience"], row["facts"], row["attempts"], row["created_at"]
    )
