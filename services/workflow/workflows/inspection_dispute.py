"""What came back is not what was agreed: the supervisor proposes, the customer answers, otherwise the supervisor rules (R-RTN-05, R-RTN-06)."""

from dataclasses import dataclass

from temporalio import workflow

from contracts.case_state import CaseOutcome, CaseStatus, Stage
from contracts.decision_facts import AffectedUnits
from contracts.identifiers import RmaId
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.workflow.activities.cases import CaseActivities
from services.workflow.activities.returns import ReturnActivities
from services.workflow.payloads.approval import ApprovalResult, Ruling
from services.workflow.payloads.case import Agreement, ApprovalPlan, FactKind, Remind
from services.workflow.payloads.refund import RequestRefund
from services.workflow.payloads.returns import Finding, PreparePartial, ProposePartial, ReadAnswer
from services.workflow.workflows.process import Process

_LOOKS = {"status": CaseStatus.INSPECTION_DISPUTE, "stage": Stage.EXECUTE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What comes of a return: units that count as refunded, a refund still to be made, units that go back to the customer."""

    refunded: tuple[AffectedUnits, ...] = ()
    refund: RequestRefund | None = None
    take_back: tuple[AffectedUnits, ...] = ()
    outcome: CaseOutcome | None = None


async def settle_dispute(process: Process, agreement: Agreement, rma_id: RmaId, finding: Finding) -> Settlement:
    """Settle the disputed units; what was accepted is paid in any case."""
    proposal = await _propose(process, rma_id, finding)
    partial = _granted(proposal, finding.disputed_value_minor) if proposal.outcome == "granted" else None
    answer = await _await_answer(process, rma_id, partial)
    if answer == "mediation":
        return Settlement(
            refunded=finding.accepted, outcome=CaseOutcome.MEDIATION, refund=await _prepare(process, agreement, finding, None, proposal)
        )
    ruling = proposal
    if answer is None:
        ruling = await _rule(process, finding, partial)
        answer = ruling.ruling.value if ruling.ruling else ("accept_partial" if ruling.outcome == "granted" else "take_back")
        partial = _granted(ruling, finding.disputed_value_minor if partial is None else partial)
    if answer == Ruling.TAKE_BACK:
        refund = await _prepare(process, agreement, finding, None, ruling)
        return Settlement(refunded=finding.accepted, refund=refund, take_back=finding.disputed)
    return Settlement(
        refunded=(*finding.accepted, *finding.disputed), refund=await _prepare(process, agreement, finding, partial or 0, ruling)
    )


async def rule_on_loss(process: Process, agreement: Agreement, finding: Finding) -> Settlement:
    """A parcel lost on the customer's own way: no refund by itself, the supervisor may grant it (R-RTN-06)."""
    ask = ApprovalPlan(
        kind=ApprovalKind.SPECIAL, tier=Role.SUPERVISOR, reason="return_lost", rule="R-RTN-06", amount_minor=finding.disputed_value_minor
    )
    result = await process.approve(ask, status=CaseStatus.RETURN_IN_TRANSIT, stage=Stage.EXECUTE)
    if result.outcome != "granted":
        return Settlement()
    partial = _granted(result, finding.disputed_value_minor)
    return Settlement(refunded=finding.disputed, refund=await _prepare(process, agreement, finding, partial, result))


def _granted(decided: ApprovalResult, asked_minor: int) -> int:
    """The amount that was granted, in minor units: what was asked for, unless the decision names another."""
    return asked_minor if decided.amount_minor is None else decided.amount_minor


async def _propose(process: Process, rma_id: RmaId, finding: Finding) -> ApprovalResult:
    """The supervisor's proposal for the disputed units; the customer can answer already while it is made."""
    ask = ApprovalPlan(
        kind=ApprovalKind.PARTIAL_REFUND,
        tier=Role.SUPERVISOR,
        reason=finding.result,
        rule="R-RTN-05",
        amount_minor=finding.disputed_value_minor,
    )
    result = await process.approve(ask, **_LOOKS)
    process.screen.happened(
        "the supervisor proposed a partial refund" if result.outcome == "granted" else "the supervisor proposed no partial refund"
    )
    partial = _granted(result, finding.disputed_value_minor) if result.outcome == "granted" else None
    propose = ProposePartial(
        **process.ask("propose"),
        rma_id=rma_id,
        result=finding.result,
        disputed=finding.disputed,
        partial_refund_minor=partial,
        answer_by=workflow.now() + process.timers.inspection_answer,
    )
    process.screen.show(await process.do(ReturnActivities.propose, propose, "ask the customer about the result of the inspection"))
    return result


async def _await_answer(process: Process, rma_id: RmaId, partial: int | None) -> str | None:
    """The customer's answer, with one reminder; None where none came (R-RTN-05)."""
    started = workflow.now()
    remind_at, answer_by = started + process.timers.inspection_remind, started + process.timers.inspection_answer
    reminded = remind_at >= answer_by
    while True:
        name = "answer to the inspection: then the supervisor rules" if reminded else "answer to the inspection: then remind"
        fact = await process.wait_for({FactKind.INSPECTION_ANSWERED}, answer_by if reminded else remind_at, name)
        if fact is not None:
            read = ReadAnswer(**process.ask("answer"), fact=fact.event_id, partial_refund_minor=partial)
            answer = await process.do(ReturnActivities.answer, read, "read the customer's answer")
            if answer.answer is not None:
                process.screen.happened(f"the customer answered: {answer.answer.replace('_', ' ')}")
                return answer.answer
        elif reminded:
            return None
        else:
            reminded = True
            remind = Remind(**process.ask("remind"), moment="R-NTF-12", due_at=answer_by)
            process.screen.show(await process.do(CaseActivities.remind, remind, f"remind the customer about return {rma_id}"))


async def _rule(process: Process, finding: Finding, partial: int | None) -> ApprovalResult:
    """The supervisor decides between taking the goods back and the partial refund: granted means the refund."""
    amount = finding.disputed_value_minor if partial is None else partial
    ask = ApprovalPlan(kind=ApprovalKind.INSPECTION_RULING, tier=Role.SUPERVISOR, reason="no_answer", rule="R-RTN-05", amount_minor=amount)
    return await process.approve(ask, **_LOOKS)


async def _prepare(
    process: Process, agreement: Agreement, finding: Finding, partial: int | None, decided: ApprovalResult
) -> RequestRefund | None:
    """The refund of what is settled now. After a short quantity the accepted units were paid at once, and are not held."""
    in_dispute = finding.in_dispute if partial else None
    if finding.held is None and in_dispute is None:
        return None
    ask = PreparePartial(
        **process.ask("prepare"),
        agreement=agreement,
        held=finding.held,
        in_dispute=in_dispute,
        partial_minor=partial or 0,
        approver=decided.decided_by or agreement.approver,
        tier=decided.tier.value,
    )
    prepared = await process.do(ReturnActivities.prepare, ask, "prepare the refund of what is settled")
    return prepared.refund
