"""The message log: each message a row before it is sent, once per (case, moment, sequence) (R-NTF-34)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.kit.packing import Packing
from services.kit.postgres import Connection, Record
from services.notifications.adapters.contacts import Recipient
from services.notifications.domain.moments import Notice

PACKING = Packing.of("services.notifications")
"""How the content of messages is stored: facts, subject and text; the latter two are None before they are said, and once they are erased."""

MESSAGES = "messages JOIN addressees USING (addressee_id)"
"""Messages with whose case they are about."""

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
    """A message that waits to be sent; ``customer``, as known at ``claimed_at``, is None where nothing had been heard of them yet."""

    message_id: UUID
    to: Addressee
    customer: Recipient | None
    moment: str
    sequence: int
    audience: str
    facts: dict[str, Any]
    attempts: int
    created_at: datetime
    claimed_at: datetime


async def log_notices(conn: Connection, event_id: UUID, to: Addressee, notices: Sequence[Notice], at: datetime) -> None:
    """Write the messages an event calls for. The ids derive from the event, so that a repeat changes nothing."""
    messages = [
        (uuid5(event_id, f"{notice.moment}/{index}"), notice.moment, notice.audience, PACKING.pack((notice.facts, None, None)))
        for index, notice in enumerate(notices)
    ]
    whose = (to.case_id, to.case_number, to.merchant_id, to.test, to.customer_ref, to.locale)
    ids = [message_id for message_id, *_ in messages]
    # Another event may have taken the next number of a moment before its own commit showed it: then it is known now, and the statement is made again.
    while await conn.fetchval(_LOG, *whose, at, *zip(*messages, strict=True)) < len(ids) and await conn.fetchval(
        "SELECT count(*) FROM messages WHERE message_id = ANY ($1)", ids
    ) < len(ids):
        continue


async def claim(conn: Connection, limit: int, now: datetime) -> list[Message]:
    """Take messages that are due, the earliest of each case only, with how to reach their customers, and keep others off them for a minute.

    A sender that dies leaves the row to whoever claims it next: the mail then goes out again under the same message id.
    """
    rows = await conn.fetch(
        f"""
        WITH claimed AS (
            UPDATE messages SET due_at = $2::timestamptz + interval '{_LEASE_SECONDS} seconds', attempts = attempts + 1
            WHERE message_id IN (
                SELECT message_id FROM messages AS m
                WHERE state = 'pending' AND due_at <= $2
                  AND NOT EXISTS (SELECT 1 FROM messages e WHERE e.addressee_id = m.addressee_id AND e.state = 'pending' AND e.position < m.position)
                ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING *)
        SELECT claimed.*, addressees.*, contacts.customer_ref IS NOT NULL AS is_known, contacts.name, contacts.email, contacts.locale AS reads
        FROM claimed JOIN addressees USING (addressee_id) LEFT JOIN contacts USING (customer_ref) ORDER BY position
        """,  # noqa: S608 - a constant of this module
        limit,
        now,
    )
    return [_message(row, now) for row in rows]


async def put_off(conn: Connection, message_id: UUID, until: datetime, failure: str) -> None:
    """Try again later."""
    await conn.execute("UPDATE messages SET due_at = $2, failure = $3 WHERE message_id = $1", message_id, until, failure)


async def note_sent(conn: Connection, sent: Sequence[tuple[Message, str | None, str | None, datetime]]) -> set[UUID]:
    """Note of messages that they were sent, with subject and text where these may be kept, and when. Returns which were not finished before."""
    rows = [(message.message_id, PACKING.pack((message.facts, subject, text)), at) for message, subject, text, at in sent]
    return {row["message_id"] for row in await conn.fetch(_SENT, *zip(*rows, strict=True))}


def finishing(
    message: Message, state: str, words: tuple[str, str] | tuple[None, None], at: datetime, failure: str
) -> tuple[str, tuple[Any, ...]]:
    """What says that a message stays where it can be read (``in_app``) or has no words (``failed``): statement and values.

    ``words`` are its subject and its text, where these may be kept. It changes nothing, and returns no row, where the message was finished before.
    """
    return _FINISH, (message.message_id, state, PACKING.pack((message.facts, *words)), at, failure)


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


async def erase_words(conn: Connection, customer_ref: UUID) -> None:
    """Forget the words of all that was said to a customer, which may name them; that it was said stays."""
    rows = await conn.fetch(f"SELECT message_id, content FROM {MESSAGES} WHERE customer_ref = $1 FOR UPDATE OF messages", customer_ref)  # noqa: S608 - a constant of this module
    left = [(row["message_id"], PACKING.pack((PACKING.unpack(row["content"])[0], None, None))) for row in rows]
    await conn.executemany("UPDATE messages SET content = $2 WHERE message_id = $1", left)


def shown(row: Record) -> dict[str, Any]:
    """A row of ``MESSAGES`` as it is shown, its content unpacked."""
    facts, subject, text = PACKING.unpack(row["content"])
    plain = {name: value for name, value in dict(row).items() if name not in {"position", "addressee_id", "content"}}
    return plain | {"facts": facts, "subject": subject, "text": text}


def _message(row: Any, claimed_at: datetime) -> Message:
    addressee = Addressee(row["merchant_id"], row["test"], row["case_id"], row["case_number"], row["customer_ref"], row["locale"])
    return Message(
        row["message_id"],
        addressee,
        Recipient(row["name"], row["email"], row["reads"]) if row["is_known"] else None,
        row["moment"],
        row["sequence"],
        row["audience"],
        PACKING.unpack(row["content"])[0],
        row["attempts"],
        row["created_at"],
        claimed_at,
    )


_SENT = """
UPDATE messages SET state = 'sent', content = sent.content, sent_at = sent.at, failure = NULL
FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[]) AS sent (message_id, content, at)
WHERE messages.message_id = sent.message_id AND state = 'pending' RETURNING messages.message_id
"""

_FINISH = """
UPDATE messages SET state = $2, content = $3, sent_at = $4, failure = $5 WHERE message_id = $1 AND state = 'pending' RETURNING true
"""

# One addressee a case, however many events come at the same time. The order of rows is the order of sending; several may be about one moment.
_LOG = """
WITH known AS (
    SELECT addressee_id FROM addressees WHERE case_id = $1
), new AS (
    INSERT INTO addressees (case_id, case_number, merchant_id, test, customer_ref, locale)
    SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (case_id) DO UPDATE SET case_id = excluded.case_id RETURNING addressee_id
), addressee AS (
    SELECT addressee_id FROM known UNION ALL SELECT addressee_id FROM new
), logged AS (
    INSERT INTO messages (message_id, addressee_id, moment, sequence, audience, content, due_at, created_at)
    SELECT message.id, addressee.addressee_id, message.moment,
           coalesce((SELECT max(sequence) FROM messages AS earlier WHERE earlier.addressee_id = addressee.addressee_id AND earlier.moment = message.moment), 0)
           + row_number() OVER (PARTITION BY message.moment ORDER BY message.number),
           message.audience, message.content, $7, $7
    FROM addressee, unnest($8::uuid[], $9::text[], $10::text[], $11::bytea[]) WITH ORDINALITY AS message (id, moment, audience, content, number)
    WHERE NOT EXISTS (SELECT FROM messages WHERE message_id = message.id)
    ORDER BY message.number
    ON CONFLICT DO NOTHING RETURNING message_id
)
SELECT count(*) FROM logged
"""
