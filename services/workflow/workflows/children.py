"""Child processes that outlive a lost run of their parent, and are found again by the next."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ChildWorkflowError, WorkflowAlreadyStartedError

from contracts.case_state import CaseStatus
from contracts.progress import WaitingFor
from services.workflow.workflows.process import Process
from services.workflow.workflows.ui import attributes_of, summary_of

_AGAIN = timedelta(seconds=5)
_AGAIN_LONGEST = timedelta(minutes=10)


async def run_to_end(process: Process, child: Callable[..., Any], ask: Any, workflow_id: str, what: str) -> Any:
    """Run a child process to its end. It is bounded by its own waits, so this one has no timer.

    A child that still runs for an earlier, lost run of its parent, or that was ended by hand, is started again: its steps answer from their rows.
    """
    distance = _AGAIN
    process.child_id = workflow_id
    while True:
        process.screen.send()
        try:
            running = await workflow.start_child_workflow(
                child,
                ask,
                id=workflow_id,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                search_attributes=attributes_of(process.card, CaseStatus.EXECUTING, WaitingFor.NOTHING),
                static_summary=summary_of(process.card, what),
            )
            result = await _await_end(process, running)
        except (WorkflowAlreadyStartedError, ChildWorkflowError):
            process.screen.happened(f"`{workflow_id}` is taken up again")
            await process.wait_until(workflow.now() + distance, f"{what}: take it up again")
            distance = min(distance * 2, _AGAIN_LONGEST)
        else:
            process.child_id = None
            return result


async def _await_end(process: Process, child: "workflow.ChildWorkflowHandle[Any, Any]") -> Any:
    while True:
        await process.rest(lambda: child.done() or process.inbox.holds(process.urgent))
        if child.done():
            return await child
        await process.attend()
