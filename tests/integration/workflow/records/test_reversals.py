"""Money that came back after it was paid: still owed, booked as owed, paid again by finance's order, or taken out of the books. Every cent stays explained."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from contracts.quote import RefundUnits
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.workflow.adapters.packing import PACKING
from services.workflow.adapters.refund_orders import NotOrderableError, give_up, order_attempt
from services.workflow.payloads.refund import IssueRefundInput, RefundPhase, RefundTimers
from tests.support.builders import a_payment, an_order
from tests.support.workflow_records import RecordsDesk, an_issue, word

pytestmark = pytest.mark.engines


async def a_settled_refund(desk: RecordsDesk, **payments: Any) -> IssueRefundInput:
    order = an_order(**payments) if payments else None
    issue = an_issue(await desk.take(order), RefundUnits(line_id="1", quantity=3 if payments else 2), timers=RefundTimers(retry_count=0))
    await desk.request(issue)
    for submission in await desk.submissions(issue.refund.refund_id):
        await desk.record(word(submission, "succeeded"))
    assert (await desk.refund(issue.refund.refund_id))["state"] == "settled"
    return issue


async def balances(desk: RecordsDesk, refund_id: UUID) -> dict[str, int]:
    rows = await desk.pool.fetch(
        "SELECT account, sum(amount_minor)::bigint AS minor FROM ledger_lines JOIN ledger_entries USING (entry_id)"
        " WHERE refund_id = $1 GROUP BY account",
        refund_id,
    )
    return {row["account"]: row["minor"] for row in rows if row["minor"]}


async def last_submission(desk: RecordsDesk, refund_id: UUID) -> dict[str, Any]:
    return (await desk.submissions(refund_id))[-1]


async def order(desk: RecordsDesk, refund_id: Any) -> int:
    """Finance orders another attempt; the refund's process is woken, or started, each time."""
    before = len(await desk.deliveries(f"refund/{refund_id}"))
    async with transaction(desk.pool) as conn:
        attempt = await order_attempt(conn, desk.refunds, refund_id, "finn")
    assert len(await desk.deliveries(f"refund/{refund_id}")) == before + 1
    return attempt


async def test_what_came_back_before_anybody_heard_that_it_was_paid_is_booked_both_ways_and_left_to_finance(desk: RecordsDesk) -> None:
    """The word of the reversal overtakes the word of the payment, or that one is lost; told late, it is no news."""
    issue = an_issue(await desk.take(), RefundUnits(line_id="1", quantity=2), timers=RefundTimers(retry_count=3))
    refund_id = issue.refund.refund_id
    await desk.request(issue)
    submission = await last_submission(desk, refund_id)
    for state in ("reversed", "succeeded", "reversed"):
        await desk.record(word(submission, state, failure_code="returned_by_bank" if state == "reversed" else None))
    row = await desk.refund(refund_id)
    assert (row["state"], row["code"], row["settlements"]) == ("stuck", "returned_by_bank", 1)
    assert [one["state"] for one in await desk.submissions(refund_id)] == ["reversed"]
    assert (await balances(desk, refund_id))["refunds.payable"] == -850
    assert await desk.tasks(issue.refund.case_id) == ["finance_refund_reversed"]
    assert await order(desk, refund_id) == 2


async def test_finances_task_says_when_it_is_raised_again(desk: RecordsDesk) -> None:
    """Every wait has its end: the refund's own limit for a person."""
    issue = await a_settled_refund(desk)
    before = utc_now()
    await desk.record(word(await last_submission(desk, issue.refund.refund_id), "failed", failure_code="returned_by_bank"))
    due_at = await desk.pool.fetchval("SELECT due_at FROM work_items WHERE case_id = $1", issue.refund.case_id)
    assert before <= due_at - issue.timers.alarm <= utc_now()


async def test_what_came_back_is_owed_until_it_is_paid_again(desk: RecordsDesk) -> None:
    issue = await a_settled_refund(desk)
    refund_id = issue.refund.refund_id
    paid = await balances(desk, refund_id)
    await desk.record(word(await last_submission(desk, refund_id), "failed", failure_code="returned_by_bank"))
    assert await balances(desk, refund_id) == {account: minor for account, minor in paid.items() if not account.startswith("clearing")} | {
        "refunds.payable": -850
    }
    row = await desk.refund(refund_id)
    assert (row["state"], row["code"]) == ("stuck", "returned_by_bank")
    assert await desk.tasks(issue.refund.case_id) == ["finance_refund_reversed"]
    assert await desk.pool.fetchval("SELECT reserved_minor FROM payment_caps WHERE order_id = $1", issue.refund.order_id) == 850

    assert await order(desk, refund_id) == 2
    await desk.record(word(await last_submission(desk, refund_id), "succeeded", provider_refund_id="re_2"))
    assert await balances(desk, refund_id) == paid
    assert (await desk.refund(refund_id))["state"] == "settled"
    words = ["requested", "approved", "submitted", "settled", "reversed", "submitted", "settled"]
    assert await desk.events(refund_id) == words
    assert len(await desk.pool.fetch("SELECT FROM credit_notes WHERE refund_id = $1", refund_id)) == 1


async def test_a_reversal_told_twice_or_followed_by_old_news_is_booked_once(desk: RecordsDesk) -> None:
    issue = await a_settled_refund(desk)
    submission = await last_submission(desk, issue.refund.refund_id)
    for state in ("failed", "failed", "succeeded", "pending", "failed"):
        await desk.record(word(submission, state))
    assert Counter(await desk.events(issue.refund.refund_id))["reversed"] == 1
    assert (await balances(desk, issue.refund.refund_id))["refunds.payable"] == -850


async def test_the_part_that_came_back_of_a_split_refund_is_paid_again_alone(desk: RecordsDesk) -> None:
    """R-RFD-07."""
    parts = (a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider_reference="pay_0002", method="voucher"))
    issue = await a_settled_refund(desk, number="split-back", payments=parts)
    refund_id = issue.refund.refund_id
    paid = await balances(desk, refund_id)
    back = next(row for row in await desk.submissions(refund_id) if row["payment_id"] == "p2")
    await desk.record(word(back, "failed"))
    assert (await balances(desk, refund_id))["refunds.payable"] == -back["amount_minor"]
    with pytest.raises(NotOrderableError) as refused:
        async with transaction(desk.pool) as conn:
            await give_up(conn, desk.refunds, desk.bookkeeper, refund_id, "closed", "finn")
    assert refused.value.code == "partly_paid"
    await order(desk, refund_id)
    fresh = [row for row in await desk.submissions(refund_id) if row["state"] == "created"]
    assert [(row["payment_id"], row["amount_minor"]) for row in fresh] == [("p2", back["amount_minor"])]
    await desk.record(word(fresh[0], "succeeded"))
    assert await balances(desk, refund_id) == paid


async def test_parts_that_come_back_one_after_the_other_are_each_paid_again(desk: RecordsDesk) -> None:
    """Both are paid with a second attempt: the orders must not be taken for one."""
    parts = (a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider_reference="pay_0002", method="voucher"))
    issue = await a_settled_refund(desk, number="both-back", payments=parts)
    refund_id = issue.refund.refund_id
    paid = await balances(desk, refund_id)
    for payment in ("p1", "p2"):
        back = next(row for row in await desk.submissions(refund_id) if row["payment_id"] == payment)
        await desk.record(word(back, "failed"))
        assert await order(desk, refund_id) == 2
        fresh = next(row for row in await desk.submissions(refund_id) if row["state"] == "created")
        await desk.record(word(fresh, "succeeded"))
    assert (await desk.refund(refund_id))["state"] == "settled"
    assert await balances(desk, refund_id) == paid
    assert Counter(await desk.events(refund_id))["settled"] == 3


async def test_a_refund_given_up_after_it_came_back_leaves_the_books_and_its_credit_note_is_cancelled(desk: RecordsDesk) -> None:
    issue = await a_settled_refund(desk)
    refund_id = issue.refund.refund_id
    await desk.record(word(await last_submission(desk, refund_id), "failed"))
    async with transaction(desk.pool) as conn:
        await give_up(conn, desk.refunds, desk.bookkeeper, refund_id, "customer_waived", "finn")
    assert await balances(desk, refund_id) == {}
    assert await desk.pool.fetchval("SELECT reserved_minor FROM payment_caps WHERE order_id = $1", issue.refund.order_id) == 0
    notes = await desk.pool.fetch("SELECT kind, document FROM credit_notes WHERE refund_id = $1 ORDER BY sequence", refund_id)
    assert [note["kind"] for note in notes] == ["credit_note", "cancellation"]
    first, second = (PACKING.unpack(note["document"]) for note in notes)
    assert second["cancels"] == first["number"]
    async with transaction(desk.pool) as conn:
        assert (await desk.refunds.step(conn, refund_id)).phase is RefundPhase.FAILED


async def test_a_part_that_came_back_before_all_was_paid_is_a_failed_attempt_and_nothing_is_booked(desk: RecordsDesk) -> None:
    parts = (a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider_reference="pay_0002"))
    issue = an_issue(await desk.take(an_order("half-back", payments=parts)), RefundUnits(line_id="1", quantity=3))
    await desk.request(issue)
    refund_id = issue.refund.refund_id
    first, second = await desk.submissions(refund_id)
    await desk.record(word(first, "succeeded"))
    await desk.record(word(first, "failed"))
    await desk.record(word(second, "succeeded"))
    assert await balances(desk, refund_id) == {}
    assert (await desk.refund(refund_id))["state"] == "stuck"
    assert "reversed" not in await desk.events(refund_id)
    await order(desk, refund_id)
    await desk.record(word(next(row for row in await desk.submissions(refund_id) if row["state"] == "created"), "succeeded"))
    assert (await desk.refund(refund_id))["state"] == "settled"
    assert sum((await balances(desk, refund_id)).values()) == 0


async def test_the_history_says_who_did_what_in_order(desk: RecordsDesk) -> None:
    issue = await a_settled_refund(desk)
    refund_id = issue.refund.refund_id
    await desk.record(word(await last_submission(desk, refund_id), "failed", failure_code="returned_by_bank"))
    await order(desk, refund_id)
    facts = await desk.pool.fetch("SELECT kind, actor, code FROM refund_facts WHERE refund_id = $1 ORDER BY position", refund_id)
    assert [(fact["kind"], fact["actor"], fact["code"]) for fact in facts] == [
        ("requested", "system", ""),
        ("attempt_committed", "system", "sandbox"),
        ("submitted", "provider", ""),
        ("succeeded", "provider", ""),
        ("settled", "system", ""),
        ("reversed", "provider", "returned_by_bank"),
        ("needs_person", "system", "returned_by_bank"),
        ("attempt_ordered", "finn", ""),
        ("attempt_committed", "finn", "sandbox"),
    ]
