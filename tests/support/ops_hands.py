"""What operators can do to a process from the Temporal UI: reset it to its beginning, or end it and start its id again. By the calls that the UI makes."""

import asyncio
from typing import Any
from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowIdReusePolicy
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest, StartWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle


async def reset(client: Client, workflow_id: str) -> str:
    """Reset the newest run to its first workflow task, once that is over; what was signalled since is given to the new run. Returns the new run's id."""
    handle = client.get_workflow_handle(workflow_id)
    described = await handle.describe()
    run = client.get_workflow_handle(workflow_id, run_id=described.run_id)
    while (first := await _first_task_over(run)) is None:  # noqa: ASYNC110 - it happens in a server
        await asyncio.sleep(0.05)
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=described.run_id),
            reason="reset from the UI",
            workflow_task_finish_event_id=first,
            request_id=str(uuid4()),
        )
    )
    return answer.run_id


async def _first_task_over(run: WorkflowHandle[Any, Any]) -> int | None:
    over = (
        event.event_id for event in (await run.fetch_history()).events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    )
    return next(over, None)


async def start_over(client: Client, workflow_id: str) -> str:
    """Terminate a process if it runs, and start its id again with the input it had. Returns the new run's id."""
    handle = client.get_workflow_handle(workflow_id)
    described = await handle.describe()
    begun = (await client.get_workflow_handle(workflow_id, run_id=described.run_id).fetch_history()).events[0]
    if described.status is WorkflowExecutionStatus.RUNNING:
        await handle.terminate("started over by hand")
    before = begun.workflow_execution_started_event_attributes
    answer = await client.workflow_service.start_workflow_execution(
        StartWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_id=workflow_id,
            workflow_type=before.workflow_type,
            task_queue=before.task_queue,
            input=before.input,
            memo=before.memo,
            search_attributes=before.search_attributes,
            request_id=str(uuid4()),
            workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
        )
    )
    return answer.run_id
