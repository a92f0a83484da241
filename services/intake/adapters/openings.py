"""Opening a case in PostgreSQL by one statement: key, case, lines, words, event and answer, if the order is still as it was looked at."""

from collections.abc import Sequence

import asyncpg

from services.intake.adapters.cases import values_of
from services.intake.domain.application import Claim
from services.intake.ports import NewCaseRows
from services.kit.idempotency import IdempotentRequest, Reply, waiting_for_key
from services.kit.postgres import Connection
from services.kit.wake import OUTBOX

_PARAMETERS = 41
_OPEN = f"SELECT open_case({', '.join(f'${place}' for place in range(1, _PARAMETERS + 1))})"

_NOT_LIKE_THIS = (
    asyncpg.TransactionRollbackError,  # the order has changed, or a deadlock
    asyncpg.DataError,  # text that cannot be stored
)


class PostgresOpenings:
    """Implements :class:`services.intake.ports.Openings`."""

    async def open(
        self, connection: Connection, request: IdempotentRequest, reply: Reply, claims: Sequence[Claim], rows: NewCaseRows
    ) -> bool:
        """Write all of it, or nothing: then the answer is False."""
        case, order, event = rows.case, rows.order, rows.event.row()
        try:
            with waiting_for_key():
                opened: bool = await connection.fetchval(
                    _OPEN,
                    *request.scope,
                    request.request_hash,
                    reply.status,
                    reply.headers,
                    reply.content(),
                    order.order_version,
                    [_as_told(claim) for claim in claims] or None,
                    case.case_id,
                    case.case_number,
                    *values_of(rows),
                    event.event_id,
                    event.event_type,
                    event.source,
                    event.topic,
                    event.key,
                    event.trace_parent,
                    event.value,
                )
        except _NOT_LIKE_THIS:
            return False
        if opened:
            OUTBOX.ring()
        return opened


def _as_told(claim: Claim) -> tuple[object, ...]:
    """A claim as the function ``order_claims`` tells it."""
    return claim.case_id, claim.case_number, claim.scene_group, claim.line_id, claim.quantity, claim.settled, claim.open
