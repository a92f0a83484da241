"""The refund of a process that does more than refund: it is tried there, and gets a process of its own once it has to wait (decisions 11, 12).

Most refunds are settled by the first step. That step may be taken again at any time, so the refund's own process begins with it too, and finds what is there.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from services.workflow.activities.refunds import RefundActivities
from services.workflow.payloads.case import FactKind
from services.workflow.payloads.refund import IssueRefundInput, RefundPhase, RefundResult, RefundStep
from services.workflow.workflows.case_process import refund_progress
from services.workflow.workflows.children import run_to_end
from services.workflow.workflows.issue_refund import ENDED, ONCE, IssueRefund, result_of, start_paying
from services.workflow.workflows.process import Process

_STOPS = frozenset({FactKind.WITHDRAWN})


async def refund_within(process: Process, ask: IssueRefundInput) -> RefundResult:
    """Pay back, or have finance give it up."""
    workflow_id = f"refund/{ask.refund.refund_id}"
    step = await _try(process, ask, workflow_id) if process.card.sparing else None
    if step is not None and step.phase in ENDED:
        return result_of(step)
    needs_person = step is not None and step.phase is RefundPhase.PERSON
    then = None if needs_person else "a failed attempt is repeated, then finance looks at it"
    process.screen.show(refund_progress(needs_person=needs_person), then=then, where=f"child process `{workflow_id}`")
    result: RefundResult = await run_to_end(process, IssueRefund.run, ask, workflow_id, "Refund")
    return result


async def _try(process: Process, ask: IssueRefundInput, workflow_id: str) -> RefundStep | None:
    """Where the refund stands after its first step, tried once within the workflow task, and once by an activity that watches.

    None where that failed, or where the process is to stop meanwhile: money that is under way needs a process that stays. The step is over within its minute,
    so the search attributes may say what was waited for before.
    """
    process.screen.show(
        refund_progress(), then="what is not settled at once goes on by itself", where=f"process `{workflow_id}`, if it has to wait"
    )
    if process.card.pays_within:
        step = await process.try_within(RefundActivities.try_refund, ask, "reserve and pay")
        if step is not None and step.phase in ENDED:
            return step
        process.screen.happened("the refund was not settled at once")
    paying = start_paying(ask, ONCE)
    while not paying.done():
        if process.inbox.holds(_STOPS):
            return None
        await process.attend()
        await workflow.wait_condition(lambda: paying.done() or process.inbox.holds(process.urgent))
    try:
        return await paying
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        process.screen.happened("paying was tried in vain, and is tried again from now on")
        return None
