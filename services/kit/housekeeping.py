"""What the kit's tables need not keep. The leading relay does it, so it happens once per schema.

The inbox is kept for ever, see there.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from services.kit.postgres import Connection

_OLD: Final[Mapping[str, tuple[str, str]]] = {
    # Sent events wait a week for ``republish``, because a power loss may cost Kafka its page cache.
    "outbox": ("id", "created_at < now() + $1::interval - interval '7 days' AND sent_at < now() + $1::interval - interval '7 days'"),
    "delivery": ("id", "created_at < now() + $1::interval - interval '7 days' AND delivered_at < now() + $1::interval - interval '7 days'"),
    # Resolved records are kept for questions afterwards, but raw ones may hold personal data.
    "quarantine": ("id", "resolved_at < now() + $1::interval - interval '30 days'"),
    "idempotency_key": ("(merchant_id, caller, route, key)", "created_at < now() + $1::interval - interval '24 hours'"),
    # The case, or the refunds of the order, are long over; should more come, its number is taken as the beginning.
    "inbox_sequence": ("(topic, key)", "advanced_on < (now() + $1::interval - interval '1 year')::date"),
}
_ROWS_AT_ONCE: Final = 5000
"""Small transactions: a long one would hold back the cleaning of every table."""


async def prune(connection: Connection, later: timedelta = timedelta()) -> dict[str, int]:
    """Delete what is old, or would be so much ``later``, some thousand rows per table. Returns how many of each."""
    pruned: dict[str, int] = {}
    for table, (identity, is_old) in _OLD.items():
        columns = identity.strip("()")
        status = await connection.execute(
            f"DELETE FROM {table} WHERE {identity} IN (SELECT {columns} FROM {table} WHERE {is_old} LIMIT {_ROWS_AT_ONCE})",  # noqa: S608 - constants of this module
            later,
        )
        pruned[table] = int(status.split()[-1])
    return pruned
