"""The case rows: what the workflow service knows of each case, and how far it has come. PostgreSQL is the authority on it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode, Stage
from contracts.case_v1 import CaseOpened
from contracts.identifiers import CaseId, CustomerRef, MerchantId, OrderId, derived_event_id
from contracts.progress import Progress, Then, WaitingFor
from contracts.resolution_v1 import ResolutionEvent
from contracts.scenes import Scene
from services.kit import deliveries, outbox
from services.kit.deliveries import NewDelivery
from services.kit.postgres import Connection, Record
from services.kit.writing import send, sent_together, write
from services.workflow.adapters.facts import fact_of, signal_of
from services.workflow.adapters.packing import PACKING
from services.workflow.payloads.case import CaseSignal
from services.workflow.ports import CaseHeader

SUBMITTED = Progress(status=CaseStatus.SUBMITTED, stage=Stage.ACCEPT, waiting_for=WaitingFor.TRIAGE, then=Then.NOTHING)
"""Where a case stands before its process has looked at it."""


class CaseNotFoundError(LookupError):
    """No such case is known to the workflow service."""

    def __init__(self, case_id: UUID) -> None:
        super().__init__(f"case {case_id} is not known to the workflow service")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case as its row has it. ``opened`` is the application without its order; ``active_workflow`` is who hears about goods now."""

    header: CaseHeader
    scene: Scene
    progress: Progress
    opened: dict[str, Any]
    policy_version: str | None
    priority: str | None
    run_number: int
    run_started_at: datetime
    reopen_number: int
    resume_offer: bool
    workflow_open: bool
    active_workflow: str | None
    request_number: int
    remedy_ordinal: int
    outcome: CaseOutcome | None
    opened_at: datetime


NOBODY = ""
"""Nobody hears facts about goods any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What else changes in a case's row when it comes to stand somewhere; None: it stays. ``active_workflow`` is who hears facts about goods from now on.

    The policy is fixed once, for the rest of the case's life; ordinals and request numbers only grow.
    """

    policy_version: str | None = None
    priority: str | None = None
    remedy_ordinal: int | None = None
    request_number: int | None = None
    active_workflow: str | None = None


class LockedCase(NamedTuple):
    """A case whose row the caller has locked; what the operation came to, None where it was not done; what the process should have heard in this run."""

    row: CaseRow
    done: Any
    facts: tuple[CaseSignal, ...]


class CaseBook:
    """The port ``Cases`` on PostgreSQL, and what only the case process needs."""

    async def open(self, conn: Connection, opened: CaseOpened, start: NewDelivery, *, test: bool) -> bool:
        """Make the row of a case, and have its process started. False where it exists already."""
        values = (
            opened.case_id,
            opened.merchant_id,
            opened.case_number,
            opened.order.order_id,
            opened.order.number,
            opened.customer_ref,
            opened.locale,
            opened.order.currency,
            test,
            opened.scene.value,
            SUBMITTED,
            PACKING.pack(opened.model_dump(mode="json", exclude={"order"})),
            opened.opened_at,
        )
        return await deliveries.add_if(conn, _OPEN, values, start)

    async def header(self, conn: Connection, case_id: CaseId) -> CaseHeader:
        """The header of a case. Raises :class:`CaseNotFoundError`."""
        await send(conn)
        row = await conn.fetchrow("SELECT * FROM cases WHERE case_id = $1", case_id)
        if row is None:
            raise CaseNotFoundError(case_id)
        return _header(row, PACKING.unpack(row["opened"]))

    async def progress(self, conn: Connection, case_id: CaseId) -> Progress:
        """Where the case stands, its row locked until the transaction ends. Raises :class:`CaseNotFoundError`."""
        return (await self.lock(conn, case_id)).progress

    async def lock(self, conn: Connection, case_id: CaseId) -> CaseRow:
        """The row, locked until the transaction ends. Raises :class:`CaseNotFoundError`."""
        return await self._read(conn, "SELECT * FROM cases WHERE case_id = $1 FOR UPDATE", case_id)

    async def lock_for(
        self, conn: Connection, case_id: CaseId, operation_id: UUID | None = None, workflow_id: str | None = None
    ) -> LockedCase:
        """The row, locked until the transaction ends, with what is on record for an operation and for a process. Raises :class:`CaseNotFoundError`.

        A caller that had to wait for the lock may miss what was done meanwhile; the key of the operation then stops it from keeping a second result, and
        a process is told of facts that come later by signals, and reads with its own first step what came while it was being started.
        """
        await send(conn)
        row = await conn.fetchrow(_LOCK_FOR, case_id, operation_id, workflow_id)
        if row is None:
            raise CaseNotFoundError(case_id)
        return LockedCase(_row(row), row["done"], tuple(signal_of(fact_of(fact)) for fact in row["facts"]))

    async def read(self, conn: Connection, case_id: CaseId) -> CaseRow:
        """The row as it stands. Raises :class:`CaseNotFoundError`."""
        return await self._read(conn, "SELECT * FROM cases WHERE case_id = $1", case_id)

    async def _read(self, conn: Connection, query: str, case_id: CaseId) -> CaseRow:
        await send(conn)
        row = await conn.fetchrow(query, case_id)
        if row is None:
            raise CaseNotFoundError(case_id)
        return _row(row)

    async def publish(
        self,
        conn: Connection,
        header: CaseHeader,
        operation_id: UUID,
        events: Sequence[ResolutionEvent],
        progress: Progress | None = None,
        changes: Changes | None = None,
    ) -> None:
        """Append resolution events (ids derive from ``operation_id`` and type; a repeat adds nothing); ``progress`` becomes the case's own.

        Both are sent with what else is written in the block of ``sent_together``.
        """
        outgoing = [
            outbox.OutgoingEvent(body=event, event_id=derived_event_id(operation_id, event.event_type), test=header.test)
            for event in events
        ]
        async with sent_together(conn):
            if progress is not None:
                await write(conn, _STANDS, header.case_id, progress, progress.status.value, *astuple(changes or Changes()))
            await outbox.append_last(conn, outgoing)

    async def fix_policy(self, conn: Connection, case_id: CaseId, policy_version: str, priority: str) -> None:
        """Fix the policy a case is decided by where it comes to stand nowhere new."""
        await write(conn, "UPDATE cases SET policy_version = $2, priority = $3 WHERE case_id = $1", case_id, policy_version, priority)

    async def end(self, conn: Connection, case_id: CaseId, outcome: CaseOutcome, option: OptionCode | None, at: datetime) -> int:
        """The case ended, its process with it, and all that waited for somebody. Returns what was refunded, in minor units.

        What could be chosen no longer can, open questions are withdrawn, and the tasks that a process waited for, or that are about a limit it missed, are
        done with. Finance's own tasks stay.
        """
        return int(await conn.fetchval(_END, case_id, outcome.value, option.value if option else None, at))

    async def reopen(self, conn: Connection, case_id: CaseId, reopen_number: int, at: datetime) -> bool:
        """Start the next run of an ended case, for intake's ``reopen_number``. False where that one was started before, or the case is not over."""
        return bool(await conn.fetchval(_REOPEN, case_id, reopen_number, at))

    async def resume_offer(self, conn: Connection, case_id: CaseId, at: datetime) -> bool:
        """Start the next run at the offer that lapsed: a timely choice arrived after the end (R-CASE-04). False where the case did not end so."""
        return bool(await conn.fetchval(_RESUME, case_id, CaseOutcome.NO_RESPONSE.value, at))


def _header(row: Record, opened: dict[str, Any]) -> CaseHeader:
    return CaseHeader(
        case_id=CaseId(row["case_id"]),
        case_number=row["case_number"],
        merchant_id=MerchantId(row["merchant_id"]),
        order_id=OrderId(row["order_id"]),
        order_number=row["order_number"],
        customer_ref=CustomerRef(row["customer_ref"]),
        locale=row["locale"],
        currency=row["currency"],
        test=row["test"],
        opened_by=(opened["opened_by"]["staff"] or {}).get("staff_id"),
    )


def _row(row: Record) -> CaseRow:
    opened = PACKING.unpack(row["opened"])
    return CaseRow(
        header=_header(row, opened),
        scene=Scene(row["scene"]),
        progress=Progress.model_validate(row["progress"]),
        opened=opened,
        policy_version=row["policy_version"],
        priority=row["priority"],
        run_number=row["run_number"],
        run_started_at=row["run_started_at"],
        reopen_number=row["reopen_number"],
        resume_offer=row["resume_offer"],
        workflow_open=row["workflow_open"],
        active_workflow=row["active_workflow"],
        request_number=row["request_number"],
        remedy_ordinal=row["remedy_ordinal"],
        outcome=CaseOutcome(row["outcome"]) if row["outcome"] else None,
        opened_at=row["opened_at"],
    )


_OPEN = """
INSERT INTO cases (case_id, merchant_id, case_number, order_id, order_number, customer_ref, locale, currency, test, scene,
    status, progress, opened, opened_at, run_started_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'submitted', $11, $12, $13, $13)
ON CONFLICT (case_id) DO NOTHING RETURNING true
"""

_LOCK_FOR = """
SELECT *, (SELECT result FROM operations WHERE operation_id = $2) AS done,
    ARRAY(SELECT case_facts FROM case_facts
          WHERE case_facts.case_id = $1 AND workflow_id = $3 AND case_facts.run_number = cases.run_number ORDER BY position) AS facts
FROM cases WHERE case_id = $1 FOR UPDATE OF cases
"""

_STANDS = """
UPDATE cases SET progress = $2, status = $3, policy_version = coalesce($4, policy_version), priority = coalesce($5, priority),
    remedy_ordinal = coalesce($6, remedy_ordinal), request_number = coalesce($7, request_number),
    active_workflow = CASE WHEN $8::text IS NULL THEN active_workflow ELSE nullif($8, '') END
WHERE case_id = $1
"""

_END = """
WITH lapsed AS (UPDATE offers SET state = 'expired', answered_at = $4 WHERE case_id = $1 AND state = 'open'),
withdrawn AS (UPDATE approvals SET state = 'withdrawn' WHERE case_id = $1 AND state = 'open'),
done_with AS (
    UPDATE work_items SET state = 'done', resolved_at = $4, resolved_by = 'system', resolution = 'case_ended'
    WHERE case_id = $1 AND state = 'open' AND (workflow_id IS NOT NULL OR right(kind, 8) = '_overdue')
)
UPDATE cases SET workflow_open = false, active_workflow = NULL, outcome = $2, agreed_option = $3, closed_at = $4,
    refunded_minor = (SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE refunds.case_id = $1 AND state = 'settled')
WHERE case_id = $1 RETURNING refunded_minor
"""

_REOPEN = """
UPDATE cases SET reopen_number = $2, run_number = run_number + 1, run_started_at = $3, request_number = 0, workflow_open = true, resume_offer = false,
    outcome = NULL, closed_at = NULL
WHERE case_id = $1 AND NOT workflow_open AND reopen_number < $2 RETURNING true
"""

_RESUME = """
UPDATE cases SET run_number = run_number + 1, run_started_at = $3, workflow_open = true, resume_offer = true, outcome = NULL, closed_at = NULL
WHERE case_id = $1 AND NOT workflow_open AND outcome = $2 RETURNING true
"""
