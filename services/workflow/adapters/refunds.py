"""The refunds: made, reserved and carried on, each step in the caller's transaction.

A refund's lines come from a quote made under the order's row lock, so that two refunds of one order can never quote the same cent.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid5

from uuid_utils.compat import uuid7

from contracts.identifiers import OrderId, RefundId
from contracts.progress import WaitingFor
from contracts.quote import Allocation, PriorRefunds, Quote
from contracts.resolution_v1 import RefundResumed
from contracts.roles import Role
from services.kit import outbox
from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool
from services.kit.writing import sent_together
from services.workflow.adapters import payouts, refund_events
from services.workflow.adapters.caps import CapExceededError, reserve
from services.workflow.adapters.orders import LockedOrder, PostgresOrderBook
from services.workflow.adapters.packing import PACKING
from services.workflow.adapters.refund_facts import FactKind, RefundFact, record_facts
from services.workflow.adapters.refund_rows import (
    RefundNotFoundError,
    RefundRow,
    SubmissionRow,
    insert_refund,
    insert_submissions,
    load_refund,
    lock_refund,
    refunds_on,
    step_of,
    submissions_of,
)
from services.workflow.cases import standing
from services.workflow.money.accounts import PAYOUT
from services.workflow.money.errors import MoneyError
from services.workflow.money.quote import quote
from services.workflow.payloads.refund import IssueRefundInput, RefundPhase, RefundStep, RequestRefund
from services.workflow.ports import CaseHeader, Cases, WorkItems
from services.workflow.refunds.channel import channel_of
from services.workflow.refunds.phase import RefundState, is_last_automatic, latest

log = get_logger(__name__)


class RefusedError(Exception):
    """The refund cannot be reserved as agreed; ``code`` says why. Nothing was counted."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the refund cannot be reserved: {code}")
        self.code = code


class PostgresRefunds:
    """The refunds on PostgreSQL. ``provider_serves(provider, test)`` says whether a provider can be reached for such a merchant."""

    def __init__(self, cases: Cases, work_items: WorkItems, provider_serves: Callable[[str, bool], bool]) -> None:
        self._orders = PostgresOrderBook(work_items)
        self._cases = cases
        self._work_items = work_items
        self._provider_serves = provider_serves

    async def prior(self, conn: Connection, order_id: OrderId) -> PriorRefunds:
        """Everything given back or reserved on an order."""
        return (await refunds_on(conn, order_id)).prior

    async def request(self, conn: Connection, issue: IssueRefundInput) -> tuple[RefundRow, list[SubmissionRow]] | None:
        """Make the refund's row, with its reservation and its first submissions, and return them; a repeat changes nothing, and returns None."""
        refund = issue.refund
        locked = await self._orders.lock(conn, refund.order_id)
        before = await refunds_on(conn, refund.order_id)  # whoever makes it at the same time has made it then
        if refund.refund_id in before.refund_ids:
            return None
        header = await self._cases.header(conn, refund.case_id)
        at = utc_now()
        try:
            found = await self._reserve(conn, locked, before.prior, refund, header)
        except RefusedError as error:
            async with sent_together(conn):
                made = await self._insert(conn, issue, header, None, RefundState.REFUSED, error.code, at)
                await record_facts(conn, made.refund_id, [_requested(made, at)])
            await self._hand_refused_over(conn, refund, error.code, at + issue.timers.alarm)
            return made, []
        async with sent_together(conn):
            return await self._start(conn, issue, header, found, at)

    async def lock_with_order(self, conn: Connection, refund_id: RefundId) -> RefundRow:
        """A refund, its order's row locked before its own, as wherever both are needed. Raises :class:`RefundNotFoundError`."""
        refund = await load_refund(conn, refund_id)
        if refund is None:
            raise RefundNotFoundError(refund_id)
        await self._orders.lock(conn, refund.order_id)
        return await lock_refund(conn, refund_id)

    async def resume_refused(self, conn: Connection, refund: RefundRow, ordered_by: str, *, channel: str | None = None) -> None:
        """Try again to reserve a refused refund, because finance says so; its order is locked. ``channel`` names who pays it, None: who took the payment.

        Raises :class:`RefusedError` where it still cannot be reserved.
        """
        issue = refund.process()
        header = await self._cases.header(conn, refund.case_id)
        at = utc_now()
        locked = await self._orders.lock(conn, refund.order_id)
        found = await self._reserve(conn, locked, await self.prior(conn, refund.order_id), issue.refund, header, channel)
        await conn.execute(_ACCEPT, refund.refund_id, PACKING.pack(found), found.amount_minor)
        accepted = await lock_refund(conn, refund.refund_id)
        requested = _requested(accepted, at)
        if not found.amount_minor:  # as in _start: nothing is left to pay
            await conn.execute(_NOTHING_TO_PAY, refund.refund_id, at)
            await record_facts(conn, refund.refund_id, [requested, _nothing_to_pay(at)])
            return
        await self._commit(conn, accepted, _payable(found), requested, attempt=1, channel=channel, ordered_by=ordered_by, at=at)
        await outbox.append(conn, refund_events.requested(accepted))

    async def tell_resumed(self, conn: Connection, refund: RefundRow) -> None:
        """A case that waited for finance to decide about its refund waits for the refund alone again."""
        stood = await self._cases.progress(conn, refund.case_id)
        if stood.waiting_for is not WaitingFor.REFUND or stood.who is None:
            return
        header, progress = await self._cases.header(conn, refund.case_id), standing.refunding()
        event = RefundResumed(**header.common(progress), refund_id=refund.refund_id)
        await self._cases.publish(conn, header, uuid7(), [event], progress)

    async def next_attempts(self, conn: Connection, refund_id: RefundId, *, ordered_by: str, channel: str | None = None) -> int:
        """Commit to attempt n+1 for each payment that by the provider's own record was not paid with attempt n, or came back.

        ``channel`` names who pays now, None: whoever took the payment. Returns how many attempts; 0 where none may follow.
        """
        refund = await lock_refund(conn, refund_id)
        if refund.state is not RefundState.REQUESTED:
            return 0
        last = latest(submission.as_attempt() for submission in await submissions_of(conn, refund_id))
        again = [
            attempt for attempt in last.values() if attempt.state.unpaid and not is_last_automatic(attempt.attempt, refund.attempts_allowed)
        ]
        quote_made = refund.quote()
        for attempt in again:
            allocations = [allocation for allocation in quote_made.allocations if allocation.payment_id == attempt.payment_id]
            await self._commit(conn, refund, allocations, attempt=attempt.attempt + 1, channel=channel, ordered_by=ordered_by, at=utc_now())
        return len(again)

    async def _commit(
        self,
        conn: Connection,
        refund: RefundRow,
        allocations: Sequence[Allocation],
        *before: RefundFact,
        attempt: int,
        channel: str | None,
        ordered_by: str,
        at: datetime,
    ) -> list[SubmissionRow]:
        """Commit to one attempt for each allocation; what the payout channel shall pay becomes a task of finance (R-RFD-15).

        The refund's history has it after the facts ``before``.
        """
        fresh = await insert_submissions(conn, refund, allocations, attempt=attempt, channel=channel, ordered_by=ordered_by, at=at)
        facts = [
            RefundFact(FactKind.ATTEMPT_COMMITTED, at, ordered_by, each.provider, each.submission_id, each.amount_minor) for each in fresh
        ]
        await record_facts(conn, refund.refund_id, [*before, *facts])
        for each in fresh:
            if each.provider == PAYOUT:
                await payouts.request_for_refund(conn, self._work_items, refund, each, ordered_by)
        return fresh

    async def step(self, conn: Connection | Pool, refund_id: RefundId) -> RefundStep:
        """Where a refund stands. Raises :class:`RefundNotFoundError`."""
        refund = await load_refund(conn, refund_id)
        if refund is None:
            raise RefundNotFoundError(refund_id)
        return step_of(refund, await submissions_of(conn, refund_id))

    async def step_and_wait(self, conn: Connection, refund_id: RefundId) -> RefundStep:
        """Where a refund stands; if it has not ended, its process is woken by a signal from now on. Raises :class:`RefundNotFoundError`."""
        refund = await lock_refund(conn, refund_id)
        step = step_of(refund, await submissions_of(conn, refund_id))
        if step.phase in {RefundPhase.OPEN, RefundPhase.PERSON} and not refund.signal_wanted:
            await conn.execute("UPDATE refunds SET signal_wanted = true WHERE refund_id = $1", refund_id)
        return step

    async def _reserve(
        self,
        conn: Connection,
        locked: LockedOrder,
        prior: PriorRefunds,
        refund: RequestRefund,
        header: CaseHeader,
        channel: str | None = None,
    ) -> Quote:
        try:
            found = quote(locked.order, refund.request, prior)
            if refund.agreed_minor is not None and found.amount_minor < refund.agreed_minor:
                raise RefusedError("less_than_agreed")
            channels = {channel or channel_of(allocation) for allocation in _payable(found)} - {PAYOUT}
            if not all(self._provider_serves(name, header.test) for name in channels):
                raise RefusedError("provider_not_available")
            await reserve(conn, refund.order_id, found, first_of=None if locked.capped else locked.order)
        except MoneyError as error:
            log.warning("refund.not_quotable", refund_id=str(refund.refund_id), error=str(error))
            raise RefusedError("not_quotable") from error
        except CapExceededError as error:
            raise RefusedError(error.constraint) from error
        return found

    async def _start(
        self, conn: Connection, issue: IssueRefundInput, header: CaseHeader, found: Quote, at: datetime
    ) -> tuple[RefundRow, list[SubmissionRow]]:
        if not found.amount_minor:
            # Units that cost nothing are counted as given back, but no money moves: nothing to submit, book or tell finance.
            refund = await self._insert(conn, issue, header, found, RefundState.SETTLED, "nothing_to_pay", at)
            await record_facts(conn, refund.refund_id, [_requested(refund, at), _nothing_to_pay(at)])
            return refund, []
        refund = await self._insert(conn, issue, header, found, RefundState.REQUESTED, "", at)
        requested = _requested(refund, at)
        fresh = await self._commit(conn, refund, _payable(found), requested, attempt=1, channel=None, ordered_by="system", at=at)
        await outbox.append_last(conn, refund_events.requested(refund))
        return refund, fresh

    async def _insert(
        self,
        conn: Connection,
        issue: IssueRefundInput,
        header: CaseHeader,
        found: Quote | None,
        state: RefundState,
        code: str,
        at: datetime,
    ) -> RefundRow:
        refund = issue.refund
        columns = {
            "refund_id": refund.refund_id,
            "case_id": refund.case_id,
            "case_number": header.case_number,
            "case_workflow_id": issue.case_workflow_id,
            "merchant_id": header.merchant_id,
            "order_id": refund.order_id,
            "order_number": header.order_number,
            "customer_ref": header.customer_ref,
            "locale": header.locale,
            "test": header.test,
            "currency": refund.request.currency,
            "amount_minor": found.amount_minor if found else 0,
            "agreed_minor": refund.agreed_minor,
            "remedy": refund.remedy.value,
            "reason": refund.reason,
            "policy_version": refund.policy_version,
            "approver": refund.approver,
            "tier": refund.tier,
            "process": PACKING.pack(issue),
            "quote": PACKING.pack(found) if found else None,
            "state": state.value,
            "code": code,
            "attempts_allowed": 1 + issue.timers.retry_count,
            "requested_at": at,
            "settled_at": at if state is RefundState.SETTLED else None,
        }
        return await insert_refund(conn, columns)

    async def _hand_refused_over(self, conn: Connection, refund: RequestRefund, code: str, due_at: datetime) -> None:
        log.warning("refund.refused", refund_id=str(refund.refund_id), code=code)
        detail = {"refund_id": str(refund.refund_id), "order_id": str(refund.order_id), "code": code, "agreed_minor": refund.agreed_minor}
        await self._work_items.open(
            conn,
            uuid5(refund.refund_id, "refused"),
            refund.case_id,
            "finance_refund_refused",
            Role.FINANCE,
            detail,
            due_at=due_at,
            holds_refund=True,
        )


def _requested(refund: RefundRow, at: datetime) -> RefundFact:
    kind = FactKind.REFUSED if refund.state is RefundState.REFUSED else FactKind.REQUESTED
    return RefundFact(kind, at, refund.approver, refund.code, amount_minor=refund.amount_minor)


def _nothing_to_pay(at: datetime) -> RefundFact:
    return RefundFact(FactKind.SETTLED, at, code="nothing_to_pay", amount_minor=0)


def _payable(found: Quote) -> Sequence[Allocation]:
    return [allocation for allocation in found.allocations if allocation.amount_minor]


_ACCEPT = "UPDATE refunds SET state = 'requested', code = '', quote = $2, amount_minor = $3 WHERE refund_id = $1"

_NOTHING_TO_PAY = "UPDATE refunds SET state = 'settled', code = 'nothing_to_pay', settled_at = $2 WHERE refund_id = $1"
