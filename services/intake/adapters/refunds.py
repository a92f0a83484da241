"""The refunds of a case as finance events tell them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.kit.postgres import Connection

_UPSERT = """
INSERT INTO case_refunds (refund_id, case_id, amount_minor, currency, state, sequence, updated_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[])
ON CONFLICT (refund_id) DO UPDATE SET
    amount_minor = excluded.amount_minor, state = excluded.state, sequence = excluded.sequence, updated_at = excluded.updated_at
WHERE case_refunds.sequence < excluded.sequence
"""


class RefundSeen(NamedTuple):
    """A refund as an event tells of it."""

    refund_id: UUID
    case_id: UUID
    amount_minor: int
    currency: str
    state: str
    sequence: int
    at: datetime


class PostgresRefunds:
    """Keeps the last state of each refund; the order of its events is the order of their sequence."""

    async def apply(self, connection: Connection, seen: Sequence[RefundSeen]) -> None:
        """Take in what events tell of refunds, except where a later one is known."""
        last = {each.refund_id: each for each in sorted(seen, key=lambda each: each.sequence)}
        await connection.execute(_UPSERT, *zip(*last.values(), strict=True))

    async def states(self, connection: Connection, case_id: UUID) -> tuple[str, ...]:
        """The states of a case's refunds."""
        rows = await connection.fetch("SELECT state FROM case_refunds WHERE case_id = $1", case_id)
        return tuple(row["state"] for row in rows)
