"""The remedies: money back, goods back and then money, new goods. Each runs as a child process that its case outlives or is outlived by."""

from temporalio import workflow

from contracts.case_state import CaseOutcome, OptionCode
from contracts.identifiers import refund_id_for, reship_id_for, rma_id_for
from contracts.resolution_v1 import UnitsSettled
from services.workflow.payloads.case import Agreement, RemedyEnd
from services.workflow.payloads.refund import IssueRefundInput, RefundResult, RequestRefund
from services.workflow.payloads.reships import ReshipInput
from services.workflow.payloads.returns import ReturnInput
from services.workflow.workflows.case_process import CaseProcess, refund_progress
from services.workflow.workflows.children import run_to_end
from services.workflow.workflows.issue_refund import IssueRefund
from services.workflow.workflows.reship_goods import ReshipGoods
from services.workflow.workflows.return_goods import ReturnGoods
from services.workflow.workflows.wording import RESHIP_PLAN, RETURN_PLAN

COMPENSATION = frozenset({OptionCode.COMPENSATE_KEEP, OptionCode.COMPENSATE_RAISED, OptionCode.DISCOUNT_SETTLEMENT})
"""Options that leave the goods with the customer and give money for them."""


async def carry_out_remedy(case: CaseProcess, agreement: Agreement) -> RemedyEnd:
    """Carry an agreement out. A child that ended because of a withdrawal nobody made is run again."""
    while True:
        match agreement.option:
            case OptionCode.RETURN_REFUND:
                end = await _take_back(case, agreement)
            case OptionCode.RESHIP_NO_RETURN:
                end = await _send_again(case, agreement)
            case _:
                end = await _pay_back(case, agreement)
        if not end.withdrawn:
            return end


async def _pay_back(case: CaseProcess, agreement: Agreement) -> RemedyEnd:
    if agreement.request is None:
        return RemedyEnd(outcome=None, failure="no_money_to_give")
    refund = RequestRefund(
        refund_id=refund_id_for(case.card.case_id, agreement.remedy_ordinal),
        case_id=case.card.case_id,
        merchant_id=case.card.merchant_id,
        order_id=case.card.order_id,
        request=agreement.request,
        remedy=agreement.option,
        reason=case.card.scene.value,
        policy_version=agreement.policy_version,
        approver=agreement.approver,
        tier=agreement.tier,
        agreed_minor=agreement.amount_minor,
    )
    workflow_id = f"refund/{refund.refund_id}"
    case.screen.show(
        refund_progress(), then="a failed attempt is repeated, then finance looks at it", where=f"child process `{workflow_id}`"
    )
    ask = IssueRefundInput(refund=refund, timers=case.timers.refund, case_workflow_id=workflow.info().workflow_id)
    result: RefundResult = await run_to_end(case, IssueRefund.run, ask, workflow_id, "Refund")
    if result.state != "settled":
        return RemedyEnd(outcome=CaseOutcome.DECLINED, failure=result.code, ask=False, given_up=True)
    settled = tuple(UnitsSettled(line_id=unit.line_id, quantity=unit.quantity, remedy=agreement.option) for unit in agreement.units)
    outcome = CaseOutcome.COMPENSATED if agreement.option in COMPENSATION else CaseOutcome.REFUNDED
    return RemedyEnd(outcome=outcome, settled=settled, refunded_minor=result.amount_minor)


async def _take_back(case: CaseProcess, agreement: Agreement) -> RemedyEnd:
    rma_id = rma_id_for(case.card.case_id, agreement.remedy_ordinal)
    ask = ReturnInput(card=case.card, rma_id=rma_id, agreement=agreement, timers=case.timers, case_workflow_id=workflow.info().workflow_id)
    case.screen.follow(f"return/{rma_id}", "return", RETURN_PLAN)
    end: RemedyEnd = await run_to_end(case, ReturnGoods.run, ask, f"return/{rma_id}", "Return")
    return end


async def _send_again(case: CaseProcess, agreement: Agreement) -> RemedyEnd:
    reship_id = reship_id_for(case.card.case_id, agreement.remedy_ordinal)
    ask = ReshipInput(
        card=case.card, reship_id=reship_id, agreement=agreement, timers=case.timers, case_workflow_id=workflow.info().workflow_id
    )
    case.screen.follow(f"reship/{reship_id}", "reshipment", RESHIP_PLAN)
    end: RemedyEnd = await run_to_end(case, ReshipGoods.run, ask, f"reship/{reship_id}", "Reshipment")
    return end
