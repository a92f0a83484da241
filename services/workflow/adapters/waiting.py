"""What happens while a case waits: reminders, missed limits, and handing it to a person (R-CASE-04, R-SLA-20, R-AUTH-08)."""

from uuid import uuid5

from contracts.progress import Progress
from contracts.resolution_v1 import ReminderDue, SlaBreached
from services.kit.postgres import Connection
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow
from services.workflow.cases import standing
from services.workflow.payloads.case import Breach, FactKind, RaiseOwner, ReadWord, Remind, Word


async def breach(books: Books, conn: Connection, row: CaseRow, ask: Breach) -> Progress:
    """A limit was missed: record it, raise the owner, open a work item, and tell the customer the new time. Nothing is decided by it."""
    progress = standing.overdue(row.progress, ask.owner, ask.new_due_at)
    event = SlaBreached(**row.header.common(progress), sla=ask.sla, due_at=ask.due_at, breached_at=ask.at, owner=ask.owner)
    await books.publish(conn, row, ask.operation_id, progress, event)
    detail = {"sla": ask.sla, "due_at": ask.due_at.isoformat()}
    item_id = uuid5(ask.operation_id, "work-item")
    await books.work_items.open(
        conn, item_id, row.header.case_id, ask.work_item, ask.owner, detail, workflow_id=ask.waiting_workflow, due_at=ask.new_due_at
    )
    return progress


async def raise_owner(books: Books, conn: Connection, row: CaseRow, ask: RaiseOwner) -> Progress:
    """A person must solve the case: back to review with an owner, or to mediation (R-CASE-07, R-AUTH-10). The work item's end wakes the process."""
    progress = (
        standing.mediation(ask.owner, ask.due_at) if ask.mediation else standing.under_review(ask.due_at, ask.owner, row.progress.stage)
    )
    await books.publish(conn, row, ask.operation_id, progress)
    await books.work_items.open(
        conn,
        uuid5(ask.operation_id, "work-item"),
        row.header.case_id,
        ask.kind,
        ask.owner,
        {"due_at": ask.due_at.isoformat()},
        workflow_id=f"case/{row.header.case_id}",
        due_at=ask.due_at,
    )
    return progress


async def read_word(books: Books, conn: Connection, row: CaseRow, ask: ReadWord) -> Word:
    """Whether the customer said so, or the task of this case was done: a hand-made signal ends no wait for a person."""
    case_id = row.header.case_id
    if ask.work_item_id is not None:
        return Word(known=await books.work_items.is_done(conn, case_id, ask.work_item_id))
    fact = None if ask.fact is None else await books.facts.get(conn, case_id, ask.fact, FactKind.SATISFACTION_STATED)
    return Word(known=fact is not None, satisfied=None if fact is None else bool(fact.body["satisfied"]))


async def remind(books: Books, conn: Connection, row: CaseRow, ask: Remind) -> Progress:
    """Remind the customer of what is waited for."""
    event = ReminderDue(**row.header.common(row.progress), moment=ask.moment, due_at=ask.due_at)
    await books.publish(conn, row, ask.operation_id, row.progress, event)
    return row.progress
