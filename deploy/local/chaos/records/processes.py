"""What Temporal says: every execution with its search attributes, memo and whole history."""

import asyncio

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from deploy.local.chaos.canaries import Canaries
from deploy.local.chaos.traces import Execution, Traces

_AT_ONCE = 8


async def read_processes(address: str, namespace: str, canaries: Canaries, traces: Traces) -> None:
    """Add all executions, and every canary in what is kept of them."""
    client = await Client.connect(address, namespace=namespace)
    gate = asyncio.Semaphore(_AT_ONCE)
    found = [execution async for execution in client.list_workflows()]
    traces.executions += await asyncio.gather(*(_read(client, gate, execution) for execution in found))
    for execution, read in zip(found, traces.executions, strict=True):
        where = f"process {execution.id}"
        traces.sightings += canaries.look(execution.raw_info.SerializeToString(), where, "search attributes or memo")
        traces.sightings += canaries.look(read.history, where, f"history of run {execution.run_id}")


async def _read(client: Client, gate: asyncio.Semaphore, execution: WorkflowExecution) -> Execution:
    async with gate:
        history = await client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
    raw = b"\n".join(event.SerializeToString() for event in history.events)
    return Execution(execution.id, execution.status is WorkflowExecutionStatus.RUNNING, raw)
