"""Identity checks and their lock-out in PostgreSQL (R-SEC-03). Whoever checks holds the counters locked, so that parallel guesses count one by one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from contracts.identifiers import CustomerRef, MerchantId, OrderId
from services.kit.postgres import Connection

_TAKE = """
INSERT INTO identity_checks (subject, checked_at) SELECT subject, $2 FROM unnest($1::bytea[]) AS wanted (subject) ORDER BY subject
ON CONFLICT (subject) DO UPDATE SET checked_at = excluded.checked_at
RETURNING locked_until
"""
# Failures older than the period no longer count; the last one allowed starts the lock.
_FAIL = """
WITH counted AS (
    SELECT subject, coalesce(first_failed_at > $2::timestamptz - $3::interval, false) AS recent FROM identity_checks WHERE subject = ANY($1::bytea[])
)
UPDATE identity_checks AS one SET
    failures = CASE WHEN recent THEN failures + 1 ELSE 1 END,
    first_failed_at = CASE WHEN recent THEN first_failed_at ELSE $2::timestamptz END,
    locked_until = CASE WHEN (CASE WHEN recent THEN failures + 1 ELSE 1 END) >= $4 THEN $2::timestamptz + $3::interval END
FROM counted WHERE counted.subject = one.subject
"""
_SUCCEED = "UPDATE identity_checks SET failures = 0, first_failed_at = NULL, locked_until = NULL WHERE subject = $1"
_MATCH = "SELECT customer_ref, order_id FROM orders WHERE order_id = $1 AND merchant_id = $2 AND identity && $3::text[]"


class PostgresIdentityChecks:
    """Counts failed checks per subject: an order, or a source address."""

    async def take(self, connection: Connection, subjects: Sequence[bytes], now: datetime) -> datetime | None:
        """Lock the counters until commit. Returns until when one of them is locked out, None where none is."""
        rows = await connection.fetch(_TAKE, list(subjects), now)
        locked = [row["locked_until"] for row in rows if row["locked_until"] is not None and row["locked_until"] > now]
        return max(locked, default=None)

    async def failed(self, connection: Connection, subjects: Sequence[bytes], now: datetime, *, tries: int, period: timedelta) -> None:
        """Count a failure; the last one allowed within ``period`` locks for as long."""
        await connection.execute(_FAIL, list(subjects), now, period, tries)

    async def succeeded(self, connection: Connection, subject: bytes) -> None:
        """Forget the failures of an order whose owner has shown who they are."""
        await connection.execute(_SUCCEED, subject)

    async def match(self, connection: Connection, merchant_id: MerchantId, order_id: OrderId, hashes: Sequence[str]) -> CustomerRef | None:
        """The customer of the order, if one of the hashes is theirs."""
        row = await connection.fetchrow(_MATCH, order_id, merchant_id, list(hashes))
        return None if row is None else CustomerRef(row["customer_ref"])
