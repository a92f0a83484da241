"""One guarded transition from what a provider says to what is booked: each outcome once, whoever tells it, however often."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from pydantic_core import from_json

from contracts.progress import Progress
from contracts.quote import RefundUnits
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.workflow.adapters.refund_orders import NotOrderableError, give_up, order_attempt
from services.workflow.cases import standing
from services.workflow.payloads.refund import IssueRefundInput, RefundPhase, RefundTimers
from tests.support.builders import a_payment, an_order
from tests.support.workflow_records import RecordsDesk, an_issue, word

pytestmark = pytest.mark.engines

NO_RETRY = RefundTimers(retry_count=0)


async def a_requested_refund(desk: RecordsDesk, timers: RefundTimers | None = None) -> IssueRefundInput:
    issue = an_issue(await desk.take(), timers=timers)
    await desk.request(issue)
    return issue


async def fail_all(desk: RecordsDesk, issue: IssueRefundInput) -> None:
    for submission in await desk.submissions(issue.refund.refund_id):
        if submission["state"] != "failed":
            await desk.record(word(submission, "failed"))


async def reserved(desk: RecordsDesk, issue: IssueRefundInput) -> int:
    found = await desk.pool.fetchval("SELECT reserved_minor FROM payment_caps WHERE order_id = $1", issue.refund.order_id)
    return int(found)


async def stand(desk: RecordsDesk, case_id: UUID, progress: Progress) -> None:
    """Let a case stand so."""
    await desk.pool.execute("UPDATE cases SET progress = $2, status = $3 WHERE case_id = $1", case_id, progress, progress.status.value)


async def stands(desk: RecordsDesk, case_id: UUID) -> Progress:
    """Where a case stands."""
    return Progress.model_validate(await desk.pool.fetchval("SELECT progress FROM cases WHERE case_id = $1", case_id))


async def test_webhook_and_look_up_at_once_settle_once(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk)
    refund_id = issue.refund.refund_id
    (submission,) = await desk.submissions(refund_id)
    await asyncio.gather(*(desk.record(word(submission, "succeeded")) for _ in range(6)))
    await desk.record(word(submission, "pending"))
    assert (await desk.refund(refund_id))["state"] == "settled"
    assert await desk.events(refund_id) == ["requested", "approved", "submitted", "settled"]
    lines = await desk.pool.fetch(
        "SELECT amount_minor FROM ledger_lines JOIN ledger_entries USING (entry_id) WHERE refund_id = $1", refund_id
    )
    assert sum(line["amount_minor"] for line in lines) == 0
    assert -850 in {line["amount_minor"] for line in lines}


async def test_the_answer_that_comes_after_the_webhook_changes_nothing(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk)
    (submission,) = await desk.submissions(issue.refund.refund_id)
    await desk.record(word(submission, "succeeded"))
    async with transaction(desk.pool) as conn:
        await desk.settlements.mark_unknown(conn, submission["submission_id"])
    assert [row["state"] for row in await desk.submissions(issue.refund.refund_id)] == ["succeeded"]


async def test_a_word_about_a_submission_that_is_not_ours_is_not_ours(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk)
    (submission,) = await desk.submissions(issue.refund.refund_id)
    assert not await desk.record(word({**submission, "submission_id": issue.refund.refund_id}, "succeeded"))


async def test_a_split_payment_is_settled_when_all_of_it_is_paid(desk: RecordsDesk) -> None:
    """R-RFD-07."""
    order = an_order(
        "split",
        payments=(a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider_reference="pay_0002", method="voucher")),
    )
    issue = an_issue(await desk.take(order), RefundUnits(line_id="1", quantity=3))
    await desk.request(issue)
    first, second = await desk.submissions(issue.refund.refund_id)
    await desk.record(word(first, "succeeded"))
    assert (await desk.refund(issue.refund.refund_id))["state"] == "requested"
    await desk.record(word(second, "succeeded"))
    assert (await desk.refund(issue.refund.refund_id))["state"] == "settled"
    assert await desk.events(issue.refund.refund_id) == ["requested", "approved", "submitted", "submitted", "settled"]


async def test_the_next_attempt_exists_only_once_the_providers_record_says_failed(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk)
    refund_id = issue.refund.refund_id
    (submission,) = await desk.submissions(refund_id)
    async with transaction(desk.pool) as conn:
        await desk.settlements.mark_unknown(conn, submission["submission_id"])
    async with transaction(desk.pool) as conn:
        assert await desk.refunds.next_attempts(conn, refund_id, ordered_by="system") == 0
    with pytest.raises(asyncpg.UniqueViolationError):
        await desk.pool.execute(_SECOND_ATTEMPT, submission["submission_id"])
    await desk.record(word(submission, "failed"))
    await asyncio.gather(*(_next(desk, issue) for _ in range(4)))
    assert [(row["attempt"], row["state"]) for row in await desk.submissions(refund_id)] == [(1, "failed"), (2, "created")]
    assert await desk.events(refund_id) == ["requested", "approved", "submitted", "failed"]


async def _next(desk: RecordsDesk, issue: IssueRefundInput) -> int:
    async with transaction(desk.pool) as conn:
        return await desk.refunds.next_attempts(conn, issue.refund.refund_id, ordered_by="system")


async def test_after_the_last_attempt_finance_has_a_task_and_the_case_is_told(desk: RecordsDesk) -> None:
    """R-RFD-09."""
    issue = await a_requested_refund(desk, RefundTimers(retry_count=1))
    for _ in range(2):
        await fail_all(desk, issue)
        await _next(desk, issue)
    assert len(await desk.submissions(issue.refund.refund_id)) == 2
    assert (await desk.refund(issue.refund.refund_id))["state"] == "stuck"
    assert await desk.tasks(issue.refund.case_id) == ["finance_refund_failed"]
    assert [told["kind"] for told in await desk.deliveries(f"case/{issue.refund.case_id}")] == ["refund_needs_person"]
    assert await reserved(desk, issue) == 850


async def test_finance_orders_one_more_attempt_and_it_settles(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk, NO_RETRY)
    refund_id = issue.refund.refund_id
    await fail_all(desk, issue)
    async with transaction(desk.pool) as conn:
        assert await order_attempt(conn, desk.refunds, refund_id, "finn") == 2
    with pytest.raises(NotOrderableError, match="being paid"):
        async with transaction(desk.pool) as conn:
            await order_attempt(conn, desk.refunds, refund_id, "finn")
    (resumed,) = await desk.deliveries(f"refund/{refund_id}")
    assert IssueRefundInput.model_validate(resumed["input"]) == issue
    await desk.record(word((await desk.submissions(refund_id))[1], "succeeded"))
    assert (await desk.refund(refund_id))["state"] == "settled"
    assert await reserved(desk, issue) == 850


async def test_a_case_says_that_finance_must_act_until_it_has(desk: RecordsDesk) -> None:
    """The case's own words, in its row and on its events: who, by when, and what happens then (R-RFD-09)."""
    issue = await a_requested_refund(desk, NO_RETRY)
    case_id = issue.refund.case_id
    await stand(desk, case_id, standing.refunding())
    await fail_all(desk, issue)
    (due_at,) = [row["due_at"] for row in await desk.pool.fetch("SELECT due_at FROM work_items WHERE case_id = $1", case_id)]
    assert await stands(desk, case_id) == standing.refund_with_finance(due_at)
    async with transaction(desk.pool) as conn:
        await order_attempt(conn, desk.refunds, issue.refund.refund_id, "finn")
    assert await stands(desk, case_id) == standing.refunding()
    published = await desk.pool.fetch("SELECT value FROM outbox WHERE key = $1 ORDER BY id", str(case_id))
    told = [Progress.model_validate(from_json(row["value"])["progress"]) for row in published]
    assert told == [standing.refund_with_finance(due_at), standing.refunding()]


async def test_a_case_that_waits_for_something_else_goes_on_waiting_for_it(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk, NO_RETRY)
    dispute = standing.inspection_dispute(utc_now())
    await stand(desk, issue.refund.case_id, dispute)
    await fail_all(desk, issue)
    async with transaction(desk.pool) as conn:
        await give_up(conn, desk.refunds, desk.bookkeeper, issue.refund.refund_id, "closed_account", "fin-1")
    assert await stands(desk, issue.refund.case_id) == dispute


async def test_a_reservation_is_released_only_after_proven_failure(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk, NO_RETRY)
    with pytest.raises(NotOrderableError, match="being paid"):
        async with transaction(desk.pool) as conn:
            await give_up(conn, desk.refunds, desk.bookkeeper, issue.refund.refund_id, "too_slow", "fin-1")
    await fail_all(desk, issue)
    assert await reserved(desk, issue) == 850
    async with transaction(desk.pool) as conn:
        await give_up(conn, desk.refunds, desk.bookkeeper, issue.refund.refund_id, "account_closed", "fin-1")
    assert await reserved(desk, issue) == 0
    assert await desk.pool.fetchval("SELECT units_refunded FROM line_caps WHERE order_id = $1", issue.refund.order_id) == 0
    async with transaction(desk.pool) as conn:
        assert (await desk.refunds.step(conn, issue.refund.refund_id)).phase is RefundPhase.FAILED


async def test_a_refund_of_which_a_part_was_paid_cannot_be_given_up(desk: RecordsDesk) -> None:
    order = an_order("partly", payments=(a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider_reference="pay_0002")))
    issue = an_issue(await desk.take(order), RefundUnits(line_id="1", quantity=3), timers=NO_RETRY)
    await desk.request(issue)
    first, second = await desk.submissions(issue.refund.refund_id)
    await desk.record(word(first, "succeeded"))
    await desk.record(word(second, "failed"))
    with pytest.raises(NotOrderableError) as refused:
        async with transaction(desk.pool) as conn:
            await give_up(conn, desk.refunds, desk.bookkeeper, issue.refund.refund_id, "account_closed", "fin-1")
    assert refused.value.code == "partly_paid"


async def test_a_record_that_contradicts_itself_or_the_amount_is_for_a_person(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk)
    (submission,) = await desk.submissions(issue.refund.refund_id)
    await desk.record(word(submission, "succeeded", amount_minor=849))
    assert (await desk.refund(issue.refund.refund_id))["state"] == "requested"
    await desk.record(word(submission, "failed"))
    await desk.record(word(submission, "succeeded"))
    assert (await desk.submissions(issue.refund.refund_id))[0]["state"] == "failed"
    assert await desk.tasks(issue.refund.case_id) == ["finance_provider_contradicts", "finance_provider_contradicts"]


async def test_not_found_twice_is_a_task_and_never_a_failure(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk)
    (submission,) = await desk.submissions(issue.refund.refund_id)
    for expected in ([], ["finance_refund_unknown"], ["finance_refund_unknown"]):
        async with transaction(desk.pool) as conn:
            await desk.settlements.mark_unknown(conn, submission["submission_id"])
            await desk.settlements.not_found(conn, submission["submission_id"])
        assert await desk.tasks(issue.refund.case_id) == expected
    assert (await desk.submissions(issue.refund.refund_id))[0]["state"] == "unknown"
    await desk.record(word(submission, "succeeded"))
    (task,) = await desk.pool.fetch("SELECT state, resolution FROM work_items WHERE case_id = $1", issue.refund.case_id)
    assert (task["state"], task["resolution"]) == ("done", "outcome_known")


async def test_the_process_is_woken_only_if_it_said_that_it_waits(desk: RecordsDesk) -> None:
    silent, waiting = await a_requested_refund(desk), await a_requested_refund(desk)
    async with transaction(desk.pool) as conn:
        assert (await desk.refunds.step_and_wait(conn, waiting.refund.refund_id)).phase is RefundPhase.OPEN
    for issue in (silent, waiting):
        (submission,) = await desk.submissions(issue.refund.refund_id)
        await desk.record(word(submission, "succeeded"))
    assert await desk.deliveries(f"refund/{silent.refund.refund_id}") == []
    assert len(await desk.deliveries(f"refund/{waiting.refund.refund_id}")) == 1


LEDGER = ("ledger_entries", "ledger_lines", "credit_notes", "refund_facts")


async def test_an_entry_that_does_not_balance_cannot_be_committed_and_none_can_be_changed(desk: RecordsDesk) -> None:
    issue = await a_requested_refund(desk)
    (submission,) = await desk.submissions(issue.refund.refund_id)
    await desk.record(word(submission, "succeeded"))
    entry = await desk.pool.fetchval("SELECT entry_id FROM ledger_entries WHERE refund_id = $1", issue.refund.refund_id)
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await desk.pool.execute("INSERT INTO ledger_lines VALUES ($1, 99, 'returns.goods', 1, '')", entry)
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="without an entry"):
        await desk.pool.execute("INSERT INTO ledger_lines VALUES (gen_random_uuid(), 1, 'returns.goods', 1, '')")


@pytest.mark.parametrize("table", LEDGER)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = NULL", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_was_booked_cannot_be_changed_even_by_the_owner_of_the_tables(desk: RecordsDesk, table: str, change: str) -> None:
    """The service's role lacks the privilege; whoever takes it back meets the trigger."""
    statement = change.format(table, "document" if table == "credit_notes" else "refund_id" if table == "refund_facts" else "entry_id")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.pool.execute(statement)
    async with desk.pool.acquire() as conn:
        undone = conn.transaction()
        await undone.start()
        await conn.execute(f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO CURRENT_USER")
        with pytest.raises(asyncpg.RestrictViolationError, match=r"append only|stays on record|is final"):
            await conn.execute(statement)
        await undone.rollback()


_SECOND_ATTEMPT = """
INSERT INTO refund_submissions (submission_id, refund_id, payment_id, attempt, provider, provider_reference, method, amount_minor, currency, state,
    ordered_by, created_at)
SELECT gen_random_uuid(), refund_id, payment_id, 2, provider, provider_reference, method, amount_minor, currency, 'created', 'nobody', now()
FROM refund_submissions WHERE submission_id = $1
"""
