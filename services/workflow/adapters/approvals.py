"""Approvals: one row each, decided, moved up and withdrawn under its own lock. The first to commit wins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.identifiers import ApprovalId
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.kit import deliveries
from services.kit.deliveries import NewDelivery
from services.kit.postgres import Connection, Record
from services.workflow.adapters.facts import SIGNAL
from services.workflow.adapters.packing import PACKING
from services.workflow.approvals.authority import next_tier
from services.workflow.approvals.decision import Answer, Question, check_decision
from services.workflow.payloads.approval import ApprovalAsk, ApprovalState, ApprovalView, Ruling
from services.workflow.ports import CaseHeader, Cases


class ApprovalNotFoundError(LookupError):
    """There is no approval of that id."""

    def __init__(self, approval_id: UUID) -> None:
        super().__init__(f"there is no approval {approval_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, as it was committed; ``before`` is the row it was taken on."""

    before: Record
    answer: Answer
    role: Role
    reason_code: str
    at: datetime


class ApprovalBook:
    """The approvals on PostgreSQL."""

    async def open(self, conn: Connection, header: CaseHeader, ask: ApprovalAsk, due_at: datetime, at: datetime) -> bool:
        """Make the row. False where it is there already: it stays as it stands."""
        made = await conn.fetchval(
            _INSERT,
            *(ask.approval_id, ask.case_id, header.case_number, header.merchant_id, ask.workflow_id, ask.kind.value, ask.tier.value),
            *(ask.reason, ask.rule, ask.amount_minor, header.currency, ask.requester, ask.status.value, ask.stage.value, at, due_at),
        )
        return made is not None

    async def requester(self, conn: Connection, ask: ApprovalAsk) -> str | None:
        """The member of staff whose act made the question necessary: who chose for the customer, or sent the evidence up (R-AUTH-05)."""
        kind, path = _ASKED_BY.get(ask.kind, (None, ()))
        packed = await conn.fetchval(_ASKED_IN, ask.case_id, kind) if kind else None
        found = PACKING.unpack(packed) if packed else None
        for name in path:
            found = found and found.get(name)
        return found if isinstance(found, str) else None

    async def row(self, conn: Connection, approval_id: UUID) -> Record:
        """The whole row. Raises :class:`ApprovalNotFoundError`."""
        row = await conn.fetchrow(_READ, approval_id)
        if row is None:
            raise ApprovalNotFoundError(approval_id)
        return row

    async def lock(self, conn: Connection, cases: Cases, approval_id: UUID) -> Record:
        """The whole row, locked until the transaction ends, its case's row before it: whoever ends a case withdraws in that order too.

        Raises :class:`ApprovalNotFoundError`.
        """
        await cases.progress(conn, (await self.row(conn, approval_id))["case_id"])
        row = await conn.fetchrow(_LOCK, approval_id)
        if row is None:
            raise ApprovalNotFoundError(approval_id)
        return row

    async def view(self, conn: Connection, approval_id: UUID) -> ApprovalView | None:
        """The approval as its process sees it, None where there is none."""
        row = await conn.fetchrow(_READ, approval_id)
        return None if row is None else view_of(row)

    async def escalate(self, conn: Connection, approval_id: UUID, escalations: int, due_at: datetime) -> Record | None:
        """Move it up and give the new tier until ``due_at``; the row after it, or None where it is no longer as the caller saw it."""
        row = await self.row(conn, approval_id)
        return await conn.fetchrow(_ESCALATE, approval_id, next_tier(Role(row["tier"])).value, due_at, escalations)

    async def withdraw(self, conn: Connection, approval_id: UUID) -> ApprovalView:
        """Withdraw the question; where it was decided before, the decision stands. Raises :class:`ApprovalNotFoundError`."""
        await conn.execute("UPDATE approvals SET state = 'withdrawn' WHERE approval_id = $1 AND state = 'open'", approval_id)
        return view_of(await self.row(conn, approval_id))

    async def decide(self, conn: Connection, row: Record, answer: Answer, reason: str, reason_code: str, at: datetime) -> Decided:
        """Take a decision on a row that the caller has locked, and wake whoever waits for it. Raises a ``DecisionRefusedError``."""
        approval_id: UUID = row["approval_id"]
        role = check_decision(question_of(row), answer)
        await conn.execute(
            _DECIDE,
            approval_id,
            (ApprovalState.GRANTED if answer.grant else ApprovalState.DECLINED).value,
            *(answer.staff_id, role.value, reason, reason_code, answer.amount_minor, answer.ruling, at),
        )
        event_id = uuid5(approval_id, "decided")
        payload: dict[str, Any] = {
            "workflow_id": row["workflow_id"],
            "event_id": str(event_id),
            "kind": "approval_decided",
            "data": {"approval_id": str(approval_id)},
        }
        await deliveries.add(conn, NewDelivery(event_id=event_id, key=f"case/{row['case_id']}", kind=SIGNAL, payload=payload))
        return Decided(before=row, answer=answer, role=role, reason_code=reason_code, at=at)


def view_of(row: Record) -> ApprovalView:
    """A row as its process sees it."""
    return ApprovalView(
        approval_id=ApprovalId(row["approval_id"]),
        state=ApprovalState(row["state"]),
        tier=Role(row["tier"]),
        due_at=row["due_at"],
        escalations=row["escalations"],
        decided_by=row["decided_by"],
        amount_minor=row["granted_minor"],
        ruling=Ruling(row["ruling"]) if row["ruling"] else None,
    )


def question_of(row: Record) -> Question:
    """A row as the check of a decision sees it."""
    return Question(
        kind=ApprovalKind(row["kind"]),
        tier=Role(row["tier"]),
        state=ApprovalState(row["state"]),
        amount_minor=row["amount_minor"],
        requester=row["requester"],
        decided_by=row["decided_by"],
        decided_role=row["decided_role"],
        decided_at=row["decided_at"],
    )


_ASKED_BY = {
    ApprovalKind.AMOUNT: ("option_chosen", ["chosen_by", "staff", "staff_id"]),
    ApprovalKind.FINANCE: ("option_chosen", ["chosen_by", "staff", "staff_id"]),
    ApprovalKind.EVIDENCE: ("evidence_reviewed", ["reviewer", "staff_id"]),
}

_ASKED_IN = "SELECT body FROM case_facts WHERE case_id = $1 AND kind = $2 ORDER BY position DESC LIMIT 1"

_READ = "SELECT * FROM approvals WHERE approval_id = $1"

_LOCK = "SELECT * FROM approvals WHERE approval_id = $1 FOR UPDATE"

_INSERT = """
INSERT INTO approvals (approval_id, case_id, case_number, merchant_id, workflow_id, kind, tier, reason, rule, amount_minor, currency, requester,
    status, stage, requested_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (approval_id) DO NOTHING RETURNING approval_id
"""

_ESCALATE = """
UPDATE approvals SET tier = $2, due_at = $3, escalations = escalations + 1 WHERE approval_id = $1 AND state = 'open' AND escalations = $4 RETURNING *
"""

_DECIDE = """
UPDATE approvals SET state = $2, decided_by = $3, decided_role = $4, decision_reason = $5, reason_code = $6, granted_minor = $7, ruling = $8,
    decided_at = $9
WHERE approval_id = $1
"""
