"""Start the process of a case: its first run, the run after a reopening, or a lost run again. PostgreSQL says which runs exist."""

from collections.abc import Sequence
from uuid import UUID

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from contracts.case_state import CaseStatus
from contracts.identifiers import CaseId
from contracts.progress import WaitingFor
from services.kit.errors import TransientError
from services.kit.postgres import autocommit
from services.workflow.adapters.books import Books
from services.workflow.payloads.case import CaseCard, CaseInput
from services.workflow.workflows.after_sales_case import AfterSalesCase
from services.workflow.workflows.ui import attributes_of, summary_of

_PREFIX = "case/"
_MOST_LISTED = 50
RUN = "run_number"
"""The memo that says which run of its case a process is."""


class CaseStarter:
    """Starts case processes on one task queue."""

    def __init__(self, client: Client, books: Books, task_queue: str) -> None:
        self._client = client
        self._books = books
        self._task_queue = task_queue

    async def start(self, case_id: CaseId, run_number: int) -> None:
        """Start a run unless it runs, or is over. Raises ``TransientError`` while the run before it is still ending."""
        ask = await self._input(case_id, run_number)
        if ask is None:
            return
        card = ask.card
        try:
            await self._client.start_workflow(
                AfterSalesCase.run,
                ask,
                id=workflow_id_of(case_id),
                task_queue=self._task_queue,
                request_eager_start=True,  # the worker of this process has the first workflow task with the answer
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=attributes_of(card, CaseStatus.SUBMITTED, WaitingFor.TRIAGE),
                memo={RUN: run_number},
                static_summary=summary_of(card, "Case"),
                static_details=f"One after-sales case, run {run_number}. The current details say what it waits for, until when, and what happens then.",
            )
        except WorkflowAlreadyStartedError:
            if await self.running(case_id) != run_number:
                raise TransientError(f"an earlier run of case {case_id} is still ending") from None

    async def running(self, case_id: CaseId) -> int | None:
        """The number of the run that runs now, None where none does."""
        try:
            description = await self._client.get_workflow_handle(workflow_id_of(case_id)).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        if description.status is not WorkflowExecutionStatus.RUNNING:
            return None
        return int(await description.memo_value(RUN, default=0))

    async def missing(self, case_ids: Sequence[CaseId]) -> set[CaseId]:
        """Those of some cases, at most some thousand, whose processes Temporal does not list as running; it lists one running process a case.

        Listed processes come with all that is shown of them, some kilobytes each, so they are counted first, and only a part that lacks some is listed.
        """
        ids = ", ".join(f"'{workflow_id_of(case_id)}'" for case_id in case_ids)
        running = f"ExecutionStatus = 'Running' AND WorkflowId IN ({ids})"
        if (await self._client.count_workflows(running)).count == len(case_ids):
            return set()
        if len(case_ids) > _MOST_LISTED:
            half = len(case_ids) // 2
            return await self.missing(case_ids[:half]) | await self.missing(case_ids[half:])
        return set(case_ids) - {CaseId(UUID(run.id.removeprefix(_PREFIX))) async for run in self._client.list_workflows(running)}

    async def _input(self, case_id: CaseId, run_number: int) -> CaseInput | None:
        """The input of a run that is open by its row, with the facts it should have heard of; None where it is over or was never begun."""
        async with autocommit(self._books.pool) as conn:  # the lock waits for a transaction that may end the case
            row, _, facts = await self._books.cases.lock_for(conn, case_id, workflow_id=workflow_id_of(case_id))
        if not row.workflow_open or row.run_number != run_number:
            return None
        header = row.header
        card = CaseCard(
            case_id=case_id,
            merchant_id=header.merchant_id,
            case_number=header.case_number,
            order_id=header.order_id,
            order_number=header.order_number,
            customer_ref=header.customer_ref,
            scene=row.scene,
            currency=header.currency,
            time_zone=self._books.deciding.merchant(header.merchant_id).time_zone,
            run_number=run_number,
            steps_within=True,
            sparing=True,
            pays_within=True,
            timed_waits=True,
        )
        return CaseInput(card=card, facts=facts, resume_offer=row.resume_offer)


def workflow_id_of(case_id: CaseId) -> str:
    """The id of a case's process."""
    return f"{_PREFIX}{case_id}"
