"""Make a delivery: start a case's process, or tell a process of a fact. What comes too late is answered or handed to a person, never dropped."""

from uuid import UUID, uuid5

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from contracts.case_v1 import OptionChosen
from contracts.identifiers import CaseId
from contracts.resolution_v1 import ChoiceRefused
from contracts.roles import Role
from services.kit.deliveries import Delivery
from services.kit.errors import TransientError
from services.kit.logging import get_logger
from services.kit.postgres import transaction
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow
from services.workflow.adapters.ending import refuse_withdrawal
from services.workflow.payloads.case import CaseSignal, FactKind
from services.workflow.payloads.refund import IssueRefundInput, RefundSignal
from services.workflow.starter import CaseStarter, workflow_id_of
from services.workflow.workflows.issue_refund import IssueRefund

log = get_logger(__name__)

_NEWS_ONLY = frozenset(
    {FactKind.REFUND_NEEDS_PERSON.value, FactKind.REFUND_RESUMED.value, FactKind.APPROVAL_DECIDED.value, FactKind.WORK_ITEM_RESOLVED.value}
)
"""Signals about rows that say it all themselves: where nobody waits for them any more, nothing is lost."""


class CaseDeliverer:
    """Delivers to Temporal. ``deliver`` bears repeats: starts are idempotent, and processes know the event ids they have seen."""

    def __init__(self, client: Client, books: Books, starter: CaseStarter, task_queue: str) -> None:
        self._client = client
        self._books = books
        self._starter = starter
        self._task_queue = task_queue

    async def deliver(self, delivery: Delivery) -> None:
        """Make one delivery. Raises ``TransientError`` where it must be tried again, ``ValueError`` for a kind nobody knows."""
        match delivery.kind:
            case "start_case":
                await self._starter.start(CaseId(UUID(delivery.payload["case_id"])), delivery.payload["run_number"])
            case "signal_case":
                await self._signal(delivery)
            case "signal_refund":
                await self._signal_refund(delivery)
            case kind:
                raise ValueError(f"a delivery of kind {kind} is not known here")

    async def _signal(self, delivery: Delivery) -> None:
        payload = delivery.payload
        signal = CaseSignal(event_id=payload["event_id"], kind=payload["kind"], data=payload["data"])
        if signal.kind not in _NEWS_ONLY and await self._is_over(delivery):
            # Its process may still be on its way out: a signal would be accepted there, and forgotten.
            await self._nobody_waits(delivery, signal)
            return
        try:
            await self._client.get_workflow_handle(payload["workflow_id"]).signal("deliver", signal)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await self._nobody_waits(delivery, signal)

    async def _is_over(self, delivery: Delivery) -> bool:
        """Whether a fact is for the process of a case that has ended by its row."""
        case_id = CaseId(UUID(delivery.key.removeprefix("case/")))
        if delivery.payload["workflow_id"] != workflow_id_of(case_id):
            return False
        return await self._books.pool.fetchval("SELECT NOT workflow_open FROM cases WHERE case_id = $1", case_id) is True

    async def _signal_refund(self, delivery: Delivery) -> None:
        """Wake a refund's process; where finance ordered something, a lost process starts with it. A closed one is told nothing: its row is the truth."""
        refund_id, signal = delivery.payload["refund_id"], RefundSignal(event_id=delivery.payload["event_id"])
        if delivery.payload.get("input") is not None:
            await self._client.start_workflow(
                IssueRefund.run,
                IssueRefundInput.model_validate(delivery.payload["input"]),
                id=f"refund/{refund_id}",
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="outcome",
                start_signal_args=[signal],
            )
            return
        try:
            await self._client.get_workflow_handle(f"refund/{refund_id}").signal("outcome", signal)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _nobody_waits(self, delivery: Delivery, signal: CaseSignal) -> None:
        """The process is over, or was lost. A lost one is started again with all its facts, this one among them."""
        case_id = CaseId(UUID(delivery.key.removeprefix("case/")))
        workflow_id = delivery.payload["workflow_id"]
        async with transaction(self._books.pool) as conn:
            row = await self._books.cases.lock(conn, case_id)
        waits = row.workflow_open and workflow_id in (workflow_id_of(case_id), row.active_workflow)
        if waits and not (workflow_id == row.active_workflow and await self._is_completed(workflow_id)):
            await self._starter.start(case_id, row.run_number)
            if signal.kind in _NEWS_ONLY or workflow_id == row.active_workflow:
                raise TransientError(f"{workflow_id} does not run: its case was started again, or starts it again")
        elif signal.kind not in _NEWS_ONLY:
            await self._too_late(row, signal)

    async def _is_completed(self, workflow_id: str) -> bool:
        """Whether a process came to its own end: nobody starts it again. One that was terminated or lost is taken up by its case."""
        try:
            described = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return described.status is WorkflowExecutionStatus.COMPLETED

    async def _too_late(self, row: CaseRow, signal: CaseSignal) -> None:
        """A fact for a process that is over: a timely choice goes on with its offer, others are refused or become a work item."""
        case_id = row.header.case_id
        if signal.kind == FactKind.OPTION_CHOSEN and await self._go_on(case_id, signal):
            return
        async with transaction(self._books.pool) as conn:
            row = await self._books.cases.lock(conn, case_id)
            operation_id = uuid5(signal.event_id, "late")
            if signal.kind == FactKind.OPTION_CHOSEN:
                event = ChoiceRefused(**row.header.common(row.progress), source_event_id=signal.event_id, reason="offer_expired")
                await self._books.publish(conn, row, operation_id, row.progress, event)
            elif signal.kind == FactKind.WITHDRAWN:
                await refuse_withdrawal(self._books, conn, row, operation_id, signal.event_id)
            else:
                detail = {"event_id": str(signal.event_id), "kind": signal.kind}
                await self._books.work_items.open(conn, operation_id, case_id, f"late_{signal.kind}", Role.AGENT, detail)
        log.info("case.late_fact", case_id=str(case_id), kind=signal.kind, event_id=str(signal.event_id))

    async def _go_on(self, case_id: CaseId, signal: CaseSignal) -> bool:
        """Start the next run at the offer that lapsed, for a choice that was made in time (R-CASE-04)."""
        async with transaction(self._books.pool) as conn:
            row = await self._books.cases.lock(conn, case_id)
            fact = await self._books.facts.get(conn, case_id, signal.event_id, FactKind.OPTION_CHOSEN)
            chosen = OptionChosen.model_validate(fact.body) if fact else None
            offer = await self._books.offers.get(conn, case_id, chosen.offer_id) if chosen else None
            latest = await self._books.offers.latest(conn, case_id)
            if (
                chosen is None
                or offer is None
                or latest is None
                or latest.offer_id != offer.offer_id
                or chosen.chosen_at > offer.valid_until
            ):
                return False
            if not row.workflow_open and not await self._books.cases.resume_offer(conn, case_id, chosen.chosen_at):
                return False
            await self._books.facts.move_to_run(conn, case_id, signal.event_id, row.run_number + (0 if row.workflow_open else 1))
        await self._starter.start(case_id, row.run_number + (0 if row.workflow_open else 1))
        return True
