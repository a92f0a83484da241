"""The history of a refund: what was intended, what was submitted, how it came out, as facts that stay. Append only, kept by the database itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.identifiers import RefundId
from services.kit.postgres import Connection
from services.kit.writing import write

PROVIDER = "provider"
"""The actor of what a payment provider says."""
SYSTEM = "system"


class FactKind(StrEnum):
    """What can happen to a refund, or to one submission of it."""

    REQUESTED = "requested"
    REFUSED = "refused"
    ATTEMPT_COMMITTED = "attempt_committed"
    SUBMITTED = "submitted"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NOT_FOUND = "not_found"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"
    CONTRADICTED = "contradicted"
    SETTLED = "settled"
    NEEDS_PERSON = "needs_person"
    ATTEMPT_ORDERED = "attempt_ordered"
    GIVEN_UP = "given_up"
    SUBMITTED_LATE = "submitted_late"


@dataclass(frozen=True, slots=True)
class RefundFact:
    """One fact. ``actor`` is ``system``, ``provider`` or a staff id; ``code`` why; ``amount_minor`` what it is about."""

    kind: FactKind
    happened_at: datetime
    actor: str = SYSTEM
    code: str = ""
    submission_id: UUID | None = None
    amount_minor: int | None = None


async def record_facts(conn: Connection, refund_id: RefundId, facts: Sequence[RefundFact]) -> None:
    """Add facts to the history of a refund, in their order."""
    if not facts:
        return
    columns = zip(*((f.kind.value, f.submission_id, f.actor, f.code, f.amount_minor, f.happened_at) for f in facts), strict=True)
    await write(conn, _ADD, refund_id, *(list(column) for column in columns))


_ADD = """
INSERT INTO refund_facts (refund_id, kind, submission_id, actor, code, amount_minor, happened_at)
SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[])
"""
