"""The events of an approval, published with the case's progress as it is after them."""

from datetime import datetime
from uuid import UUID, uuid5

from contracts.case_state import CaseStatus, Stage
from contracts.progress import Progress, Then, WaitingFor
from contracts.resolution_v1 import ApprovalDecided, ApprovalEscalated, ApprovalKind, ApprovalRequested, SlaBreached
from contracts.roles import Role
from services.kit.postgres import Connection, Record
from services.workflow.adapters.approvals import Decided
from services.workflow.approvals.authority import next_tier
from services.workflow.payloads.approval import ApprovalAsk
from services.workflow.ports import CaseHeader, Cases


async def publish_requested(conn: Connection, cases: Cases, header: CaseHeader, ask: ApprovalAsk, due_at: datetime) -> None:
    """A decision is asked for (R-AUTH-01)."""
    progress = waiting(ask.status, ask.stage, ask.tier, due_at)
    event = ApprovalRequested(
        **header.common(progress),
        approval_id=ask.approval_id,
        kind=ask.kind,
        tier=ask.tier,
        reason=ask.reason,
        rule=ask.rule,
        amount_minor=ask.amount_minor,
        due_at=due_at,
    )
    await cases.publish(conn, header, ask.approval_id, [event], progress)


async def publish_escalated(
    conn: Connection, cases: Cases, header: CaseHeader, after: Record, from_tier: Role, missed: datetime, at: datetime
) -> None:
    """Nobody decided in time: the next tier decides (R-AUTH-03), and the miss is recorded and told, once per tier (R-SLA-20)."""
    tier, approval_id = Role(after["tier"]), after["approval_id"]
    progress = waiting(CaseStatus(after["status"]), Stage(after["stage"]), tier, after["due_at"])
    common = header.common(progress)
    moved = ApprovalEscalated(**common, approval_id=approval_id, from_tier=from_tier, to_tier=tier, due_at=after["due_at"])
    await cases.publish(conn, header, _step(approval_id, f"escalation/{after['escalations']}"), [moved], progress)
    breach = SlaBreached(**common, sla=f"approval_{from_tier.value}", due_at=missed, breached_at=at, owner=tier)
    await cases.publish(conn, header, _step(approval_id, f"missed/{from_tier.value}"), [breach])


async def publish_decided(conn: Connection, cases: Cases, header: CaseHeader, decided: Decided) -> None:
    """Somebody decided (R-AUTH-05)."""
    row = decided.before
    progress = Progress(status=CaseStatus(row["status"]), stage=Stage(row["stage"]), waiting_for=WaitingFor.NOTHING)
    event = ApprovalDecided(
        **header.common(progress),
        approval_id=row["approval_id"],
        kind=ApprovalKind(row["kind"]),
        granted=decided.answer.grant,
        tier=Role(row["tier"]),
        decided_by=decided.answer.staff_id,
        reason_code=decided.reason_code,
        decided_at=decided.at,
    )
    await cases.publish(conn, header, _step(row["approval_id"], "decided"), [event], progress)


def waiting(status: CaseStatus, stage: Stage, tier: Role, due_at: datetime) -> Progress:
    """Where the case stands while ``tier`` is asked."""
    then = Then.ALARM if next_tier(tier) is tier else Then.ESCALATE
    return Progress(status=status, stage=stage, waiting_for=WaitingFor.APPROVAL, who=tier, due_at=due_at, then=then)


def _step(approval_id: UUID, name: str) -> UUID:
    return uuid5(approval_id, name)
