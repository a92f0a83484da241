"""How a case comes to its end: solved and confirmed, refused, withdrawn, or lapsed; and what is closed with it."""

from datetime import datetime
from uuid import UUID

from contracts.case_state import CANCELLABLE, CaseOutcome, OptionCode
from contracts.case_v1 import CaseWithdrawn, OptionChosen
from contracts.decision_result import Decision
from contracts.identifiers import ReshipId, RmaId
from contracts.progress import Progress
from contracts.resolution_v1 import (
    CaseClosed,
    CaseRejected,
    ChoiceRefused,
    ConfirmationRequested,
    RemedyCompleted,
    ReshipmentCancelled,
    ResolutionEvent,
    ReturnClosed,
)
from services.kit.postgres import Connection
from services.workflow.adapters.agreeing import choose
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import NOBODY, CaseRow, Changes
from services.workflow.cases import standing
from services.workflow.payloads.case import (
    CaseStep,
    ChooseOption,
    CompleteRemedy,
    EndCase,
    FactKind,
    Plan,
    ReturnClosing,
    Withdrawal,
    WithdrawCase,
)

_LAST_RESORT = ("mediation",)
"""What is left where people said no and the policy names nothing else: there is always one way on (R-ELIG-11, R-AUTH-10)."""

RETURN, RESHIP = "return/", "reship/"


async def end(books: Books, conn: Connection, row: CaseRow, ask: EndCase) -> Plan:
    """Close a case; for want of an answer only where none is on record, since one that was in time counts however late it is heard (R-CASE-04)."""
    if ask.outcome is CaseOutcome.NO_RESPONSE and (plan := await _answered_after_all(books, conn, row, ask)) is not None:
        return plan
    if ask.said is not None and not await _is_satisfied(books, conn, row, ask.said):
        return Plan(step=CaseStep.CARRY_OUT, progress=row.progress, refused="nobody_said_so")
    progress = standing.ended(ask.outcome)
    closing = _close_return(row, progress, ask.closing)
    closed = await close(books, conn, row, ask.outcome, ask.option, ask.at)
    await books.publish(conn, row, ask.operation_id, progress, *closing, closed)
    return Plan(step=CaseStep.ENDED, progress=progress, outcome=ask.outcome)


async def _is_satisfied(books: Books, conn: Connection, row: CaseRow, said: UUID) -> bool:
    """Whether the customer's word is on record: a hand-made signal closes nothing."""
    fact = await books.facts.get(conn, row.header.case_id, said, FactKind.SATISFACTION_STATED)
    return fact is not None and bool(fact.body["satisfied"])


async def reject(
    books: Books, conn: Connection, row: CaseRow, outcome: CaseOutcome, reason: str, decision: Decision, at: datetime
) -> tuple[Plan, list[ResolutionEvent]]:
    """Refuse the claim, with clause, reason and what is possible instead (R-ELIG-11). The caller publishes the events."""
    progress = standing.ended(outcome)
    rejected = CaseRejected(
        **row.header.common(progress),
        reason=reason,
        clause=decision.eligibility.clause,
        alternatives=decision.eligibility.alternatives or _LAST_RESORT,
    )
    closed = await close(books, conn, row, outcome, None, at)
    return Plan(step=CaseStep.ENDED, progress=progress, outcome=outcome), [rejected, closed]


async def withdraw(books: Books, conn: Connection, row: CaseRow, ask: WithdrawCase) -> Withdrawal:
    """Honour the customer's withdrawal while nothing irrevocable has happened, otherwise refuse it (R-CASE-05). Nobody's word for it is taken but the row's."""
    fact = await books.facts.get(conn, row.header.case_id, ask.fact, FactKind.WITHDRAWN)
    if fact is None or not row.workflow_open:
        return Withdrawal(honoured=False, progress=row.progress)
    if row.progress.status not in CANCELLABLE:
        await refuse_withdrawal(books, conn, row, ask.operation_id, fact.event_id)
        return Withdrawal(honoured=False, progress=row.progress)
    withdrawn = CaseWithdrawn.model_validate(fact.body)
    progress = standing.ended(CaseOutcome.WITHDRAWN)
    events: list[ResolutionEvent] = [*_close_return(row, progress, ReturnClosing(result="withdrawn"))]
    if row.active_workflow and row.active_workflow.startswith(RESHIP):
        reship_id = ReshipId(UUID(row.active_workflow.removeprefix(RESHIP)))
        events.append(ReshipmentCancelled(**row.header.common(progress), reship_id=reship_id, reason="withdrawn"))
    closed = await close(books, conn, row, CaseOutcome.WITHDRAWN, None, max(withdrawn.withdrawn_at, row.opened_at))
    await books.publish(conn, row, ask.operation_id, progress, *events, closed)
    return Withdrawal(honoured=True, progress=progress)


async def refuse_withdrawal(books: Books, conn: Connection, row: CaseRow, operation_id: UUID, event_id: UUID) -> None:
    """Tell the customer that it is too late to withdraw."""
    event = ChoiceRefused(**row.header.common(row.progress), source_event_id=event_id, reason="not_cancellable")
    await books.publish(conn, row, operation_id, row.progress, event)


async def complete(books: Books, conn: Connection, row: CaseRow, ask: CompleteRemedy) -> Plan:
    """A remedy was carried out: close its return, count its units, and ask the customer (R-CASE-07). ``ask_again`` only asks.

    Where nobody is asked, a remedy that gave nothing is not said to be carried out.
    """
    progress = row.progress if ask.answer_by is None else standing.confirming(ask.answer_by)
    events: list[ResolutionEvent] = []
    if not ask.ask_again:
        events += _close_return(row, progress, ask.closing)
        await books.settled.add(conn, row, ask.remedy_ordinal, ask.settled)
        if ask.settled or ask.answer_by is not None:
            events.append(
                RemedyCompleted(
                    **row.header.common(progress), remedy_ordinal=ask.remedy_ordinal, settled=ask.settled, refunded_minor=ask.refunded_minor
                )
            )
    if ask.answer_by is not None:
        events.append(ConfirmationRequested(**row.header.common(progress), outcome=ask.outcome, answer_by=ask.answer_by))
    await books.publish(conn, row, ask.operation_id, progress, *events, changes=None if ask.ask_again else Changes(active_workflow=NOBODY))
    return Plan(step=CaseStep.CARRY_OUT, progress=progress)


async def close(books: Books, conn: Connection, row: CaseRow, outcome: CaseOutcome, option: OptionCode | None, at: datetime) -> CaseClosed:
    """End the case's row, and everything that still waited for somebody. The caller publishes the event."""
    refunded = await books.cases.end(conn, row.header.case_id, outcome, option, at)
    return CaseClosed(**row.header.common(standing.ended(outcome)), outcome=outcome, option=option, refunded_minor=refunded, closed_at=at)


async def _answered_after_all(books: Books, conn: Connection, row: CaseRow, ask: EndCase) -> Plan | None:
    """The plan of a timely choice that came while the case was about to be closed, None where there is none that can be honoured."""
    offer = await books.offers.latest(conn, row.header.case_id)
    if offer is None or offer.state != "open":
        return None
    for fact in await books.facts.of_kind(conn, row.header.case_id, FactKind.OPTION_CHOSEN):
        chosen = OptionChosen.model_validate(fact.body)
        if chosen.offer_id == offer.offer_id and chosen.chosen_at <= offer.valid_until:
            choice = ChooseOption(
                operation_id=ask.operation_id, case_id=ask.case_id, at=ask.at, offer_id=offer.offer_id, fact=fact.event_id
            )
            plan = await choose(books, conn, row, choice)
            return None if plan.step is CaseStep.AWAIT_CHOICE else plan
    return None


def _close_return(row: CaseRow, progress: Progress, closing: ReturnClosing | None) -> list[ResolutionEvent]:
    """The end of the return in hand, where there is one."""
    if closing is None or row.active_workflow is None or not row.active_workflow.startswith(RETURN):
        return []
    rma_id = RmaId(UUID(row.active_workflow.removeprefix(RETURN)))
    return [ReturnClosed(**row.header.common(progress), rma_id=rma_id, result=closing.result, take_back=closing.take_back)]
