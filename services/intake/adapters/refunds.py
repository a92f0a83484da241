"""The refunds of a case as finance events tell them."""

from datetime import datetime
from uuid import UUID

from contracts.refund_v1 import RefundEvent
from services.kit.postgres import Connection

_UPSERT = """
INSERT INTO case_refunds (refund_id, case_id, amount_minor, currency, state, sequence, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (refund_id) DO UPDATE SET
    amount_minor = excluded.amount_minor, state = excluded.state, sequence = excluded.sequence, updated_at = excluded.updated_at
WHERE case_refunds.sequence < excluded.sequence
"""


class PostgresRefunds:
    """Keeps the last state of each refund; the order of its events is the order of their sequence."""

    async def apply(self, connection: Connection, event: RefundEvent, state: str, sequence: int, at: datetime) -> None:
        """Take a refund event in, unless a later one is known."""
        await connection.execute(_UPSERT, event.refund_id, event.case_id, event.amount_minor, event.currency, state, sequence, at)

    async def states(self, connection: Connection, case_id: UUID) -> tuple[str, ...]:
        """The states of a case's refunds."""
        rows = await connection.fetch("SELECT state FROM case_refunds WHERE case_id = $1", case_id)
        return tuple(row["state"] for row in rows)
