"""The records of a return: permission, inspection, dispute, and the refunds that follow from them (R-RTN-01 to R-RTN-06)."""

from contracts.case_state import OptionCode
from contracts.case_v1 import InspectionAnswer, InspectionAnswered
from contracts.decision_result import FreightPayer
from contracts.identifiers import refund_id_for
from contracts.order_v1 import Order
from contracts.progress import Progress
from contracts.quote import PriorRefunds, RefundRequest
from contracts.resolution_v1 import ChoiceRefused, InspectionDisputed, ReturnAuthorised
from contracts.shipment_v1 import InspectionResult, ReturnInspected, ReturnLost
from services.kit.postgres import Connection
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow, Changes
from services.workflow.adapters.ending import RETURN
from services.workflow.cases import standing
from services.workflow.cases.money import held_back, split_units
from services.workflow.money.arrival import split_by_arrival
from services.workflow.money.quote import quote
from services.workflow.payloads.case import Agreement, FactKind
from services.workflow.payloads.refund import RequestRefund
from services.workflow.payloads.returns import (
    AuthoriseReturn,
    DisputeAnswer,
    Finding,
    JudgeReturn,
    PreparedRefund,
    PreparePartial,
    ProposePartial,
    ReadAnswer,
    ReturnStanding,
)


async def authorise(books: Books, conn: Connection, row: CaseRow, ask: AuthoriseReturn) -> ReturnStanding:
    """Let the customer send the goods back; logistics makes the label. The merchant's own return is prepaid (R-FRT-05)."""
    timers, agreement = books.deciding.timers(ask.agreement.policy_version), ask.agreement
    ship_by = ask.at + timers.return_ship
    if not row.workflow_open:  # withdrawn meanwhile: nobody is to send anything, and the process is about to hear of it
        return ReturnStanding(progress=row.progress, ship_by=ship_by, remind_at=ask.at + timers.return_remind)
    progress = standing.awaiting_return(ship_by)
    event = ReturnAuthorised(
        **row.header.common(progress),
        rma_id=ask.rma_id,
        remedy_ordinal=agreement.remedy_ordinal,
        units=agreement.units,
        freight_payer=agreement.freight_payer,
        prepaid=agreement.freight_payer is FreightPayer.MERCHANT,
        ship_by=ship_by,
    )
    await books.publish(conn, row, ask.operation_id, progress, event, changes=Changes(active_workflow=f"{RETURN}{ask.rma_id}"))
    return ReturnStanding(progress=progress, ship_by=ship_by, remind_at=ask.at + timers.return_remind)


async def judge(books: Books, conn: Connection, row: CaseRow, ask: JudgeReturn) -> Finding:
    """What the warehouse found, or that the parcel is lost; a fact that is not on record finds nothing."""
    case_id, agreement = row.header.case_id, ask.agreement
    lost = await books.facts.get(conn, case_id, ask.fact, FactKind.RETURN_LOST)
    inspected = await books.facts.get(conn, case_id, ask.fact, FactKind.RETURN_INSPECTED)
    if lost is not None:
        event = ReturnLost.model_validate(lost.body)
        if event.rma_id == ask.rma_id:
            return await _judge_loss(books, conn, row, ask, merchant_arranged=event.merchant_arranged)
    if inspected is None:
        return Finding(known=False, progress=row.progress)
    found = ReturnInspected.model_validate(inspected.body)
    if found.rma_id != ask.rma_id:
        return Finding(known=False, progress=row.progress)
    accepted, disputed = split_units(agreement.units, {unit.line_id: unit.accepted for unit in found.units})
    if found.result is InspectionResult.MATCH or not disputed:
        return await _refund_all(books, conn, row, ask, found.result.value)
    order, prior = await _money(books, conn, row)
    split = split_by_arrival(order, _request(agreement), {unit.line_id: unit.quantity for unit in accepted}, prior)
    at_once = found.result is InspectionResult.SHORT_QUANTITY and split.arrived is not None
    progress = standing.inspection_dispute(ask.answer_by)
    dispute = InspectionDisputed(
        **row.header.common(progress),
        rma_id=ask.rma_id,
        result=found.result.value,
        disputed=disputed,
        partial_refund_minor=None,
        answer_by=ask.answer_by,
    )
    await books.publish(conn, row, ask.operation_id, progress, dispute)
    return Finding(
        result=found.result.value,
        refund=_refund(row, agreement, agreement.remedy_ordinal, split.arrived.request) if at_once and split.arrived else None,
        accepted=accepted,
        disputed=disputed,
        held=split.arrived.request if split.arrived and not at_once else None,
        in_dispute=split.disputed.request if split.disputed else None,
        disputed_value_minor=split.disputed.quote.amount_minor if split.disputed else 0,
        progress=progress,
    )


async def propose(books: Books, conn: Connection, row: CaseRow, ask: ProposePartial) -> Progress:
    """Tell the customer what the supervisor proposes for the disputed units."""
    progress = standing.inspection_dispute(ask.answer_by)
    event = InspectionDisputed(
        **row.header.common(progress),
        rma_id=ask.rma_id,
        result=ask.result,
        disputed=ask.disputed,
        partial_refund_minor=ask.partial_refund_minor,
        answer_by=ask.answer_by,
    )
    await books.publish(conn, row, ask.operation_id, progress, event)
    return progress


async def answer(books: Books, conn: Connection, row: CaseRow, ask: ReadAnswer) -> DisputeAnswer:
    """The customer's answer as its row has it; a partial refund that nobody proposed cannot be accepted."""
    fact = await books.facts.get(conn, row.header.case_id, ask.fact, FactKind.INSPECTION_ANSWERED)
    if fact is None:
        return DisputeAnswer(answer=None)
    answered = InspectionAnswered.model_validate(fact.body)
    if answered.answer is InspectionAnswer.ACCEPT_PARTIAL and ask.partial_refund_minor is None:
        event = ChoiceRefused(**row.header.common(row.progress), source_event_id=fact.event_id, reason="no_partial_refund_proposed")
        await books.publish(conn, row, ask.operation_id, row.progress, event)
        return DisputeAnswer(answer=None)
    return DisputeAnswer(answer=answered.answer.value)


async def prepare(books: Books, conn: Connection, row: CaseRow, ask: PreparePartial) -> PreparedRefund:
    """One refund for what was settled. What the disputed units come to less than in full is held back, and the refund says so."""
    agreement = ask.agreement.model_copy(update={"approver": ask.approver, "tier": ask.tier})
    progress = standing.refunding()
    request = ask.held
    if ask.in_dispute is not None:
        order, prior = await _money(books, conn, row)
        value = quote(order, ask.in_dispute, prior).amount_minor
        whole = ask.in_dispute if ask.held is None else _request(ask.agreement)
        request = whole.model_copy(update={"deductions": (*whole.deductions, *held_back(value, ask.partial_minor))})
    if request is None:
        return PreparedRefund(refund=None, progress=progress)
    # A refund made at once for units that were accepted has taken the agreement's own ordinal.
    taken = await conn.fetchval(
        "SELECT true FROM refunds WHERE refund_id = $1", refund_id_for(row.header.case_id, agreement.remedy_ordinal)
    )
    ordinal = row.remedy_ordinal + 1 if taken else agreement.remedy_ordinal
    await books.publish(conn, row, ask.operation_id, progress, changes=Changes(remedy_ordinal=ordinal) if taken else None)
    return PreparedRefund(refund=_refund(row, agreement, ordinal, request), progress=progress)


async def _refund_all(books: Books, conn: Connection, row: CaseRow, ask: JudgeReturn, result: str) -> Finding:
    """All came back (or is taken as received): the refund that was agreed."""
    agreement, progress = ask.agreement, standing.refunding()
    await books.publish(conn, row, ask.operation_id, progress)
    refund = None
    if agreement.request is not None:
        refund = _refund(row, agreement, agreement.remedy_ordinal, agreement.request).model_copy(
            update={"agreed_minor": agreement.amount_minor}
        )
    return Finding(result=result, refund=refund, accepted=agreement.units, progress=progress)


async def _judge_loss(books: Books, conn: Connection, row: CaseRow, ask: JudgeReturn, *, merchant_arranged: bool) -> Finding:
    """The merchant's own way: refund as if received. The customer's: a supervisor may grant it (R-RTN-06)."""
    if merchant_arranged:
        return await _refund_all(books, conn, row, ask, "lost")
    agreement = ask.agreement
    return Finding(
        result="lost",
        disputed=agreement.units,
        in_dispute=agreement.request,
        disputed_value_minor=agreement.amount_minor,
        lost_by_customer=True,
        progress=row.progress,
    )


async def _money(books: Books, conn: Connection, row: CaseRow) -> tuple[Order, PriorRefunds]:
    order_id = row.header.order_id
    return await books.orders.get(conn, order_id), await books.refunds.prior(conn, order_id)


def _request(agreement: Agreement) -> RefundRequest:
    if agreement.request is None:
        raise ValueError("a return was agreed without a refund")
    return agreement.request


def _refund(row: CaseRow, agreement: Agreement, ordinal: int, request: RefundRequest) -> RequestRefund:
    return RequestRefund(
        refund_id=refund_id_for(row.header.case_id, ordinal),
        case_id=row.header.case_id,
        merchant_id=row.header.merchant_id,
        order_id=row.header.order_id,
        request=request,
        remedy=OptionCode.RETURN_REFUND,
        reason=row.scene.value,
        policy_version=agreement.policy_version,
        approver=agreement.approver,
        tier=agreement.tier,
    )
