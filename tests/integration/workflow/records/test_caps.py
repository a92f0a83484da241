"""Caps: no payment, line or freight charge gives back more than it took, whoever asks at the same time (R-RFD-03)."""

import asyncio

import asyncpg
import pytest

from contracts.order_v1 import FreightCharge, Order
from contracts.quote import CompensateUnits, RefundFreight, RefundUnits
from services.kit.postgres import transaction
from tests.support.builders import a_payment, an_order, an_order_line
from tests.support.workflow_records import RecordsDesk, an_issue

pytestmark = pytest.mark.engines


def a_hundred_pence_order(number: str) -> Order:
    """Three units for 100 minor units: 33, 33 and the last one 34."""
    return an_order(number, lines=(an_order_line(amount_minor=100),))


async def amounts(desk: RecordsDesk, order: Order) -> list[tuple[str, int]]:
    rows = await desk.pool.fetch("SELECT state, amount_minor FROM refunds WHERE order_id = $1 ORDER BY amount_minor", order.order_id)
    return [(row["state"], row["amount_minor"]) for row in rows]


async def test_of_many_who_ask_for_the_same_units_at_once_one_gets_them(desk: RecordsDesk) -> None:
    order = an_order("same-units")
    cases = [await desk.take(order) for _ in range(8)]
    await asyncio.gather(*(desk.request(an_issue(case, RefundUnits(line_id="1", quantity=3))) for case in cases))
    assert await amounts(desk, order) == [("refused", 0)] * 7 + [("requested", 1275)]
    for case in cases:
        assert await desk.tasks(case.case_id) in ([], ["finance_refund_refused"])


async def test_refunds_of_single_units_at_once_come_to_the_line_exactly(desk: RecordsDesk) -> None:
    """R-RFD-06: the last unit gets the rest, whichever transaction it is in."""
    order = a_hundred_pence_order("single-units")
    cases = [await desk.take(order) for _ in range(3)]
    await asyncio.gather(*(desk.request(an_issue(case, RefundUnits(line_id="1", quantity=1))) for case in cases))
    assert await amounts(desk, order) == [("requested", 33), ("requested", 33), ("requested", 34)]


async def test_freight_is_given_back_once(desk: RecordsDesk) -> None:
    order = an_order("freight", freight=(FreightCharge(freight_id="f1", amount_minor=495),))
    cases = [await desk.take(order) for _ in range(4)]
    await asyncio.gather(*(desk.request(an_issue(case, RefundFreight(freight_id="f1", amount_minor=495))) for case in cases))
    assert [amount for state, amount in await amounts(desk, order) if state == "requested"] == [495]


async def test_a_repeat_of_the_request_reserves_nothing_more(desk: RecordsDesk) -> None:
    case = await desk.take()
    await asyncio.gather(*(desk.request(an_issue(case)) for _ in range(5)))
    await desk.request(an_issue(case))
    assert await desk.pool.fetchval("SELECT reserved_minor FROM payment_caps WHERE order_id = $1", case.order.order_id) == 850
    assert len(await desk.submissions(an_issue(case).refund.refund_id)) == 1
    assert await desk.events(an_issue(case).refund.refund_id) == ["requested", "approved"]


@pytest.mark.parametrize("table", ["payment_caps", "freight_caps"])
async def test_the_database_itself_says_no(desk: RecordsDesk, table: str) -> None:
    order = an_order(f"no-{table}", freight=(FreightCharge(freight_id="f1", amount_minor=495),))
    case = await desk.take(order)
    await desk.request(an_issue(case))
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute(f"UPDATE {table} SET reserved_minor = available_minor + 1 WHERE order_id = $1", order.order_id)  # noqa: S608 - a name of this test


async def test_a_refund_below_what_was_agreed_is_not_paid_but_handed_to_finance(desk: RecordsDesk) -> None:
    """No refund is short."""
    order = an_order("agreed", payments=(a_payment(1275, refunded_elsewhere_minor=600),))
    case = await desk.take(order)
    await desk.request(an_issue(case, agreed_minor=850))
    row = await desk.refund(an_issue(case).refund.refund_id)
    assert (row["state"], row["code"]) == ("refused", "less_than_agreed")
    assert await desk.tasks(case.case_id) == ["finance_refund_refused"]


async def test_compensation_and_return_of_one_unit_together_stay_within_its_price(desk: RecordsDesk) -> None:
    """R-RFD-04."""
    order = a_hundred_pence_order("kept-then-returned")
    kept, returned = await desk.take(order), await desk.take(order)
    await desk.request(an_issue(kept, CompensateUnits(line_id="1", quantity=1, amount_minor=20)))
    await desk.request(an_issue(returned, RefundUnits(line_id="1", quantity=3)))
    assert await amounts(desk, order) == [("requested", 20), ("requested", 80)]


async def test_after_a_compensation_and_a_return_the_rest_can_still_be_returned(desk: RecordsDesk) -> None:
    """R-RFD-04: which units got what is remembered, so that the rest of the line comes out to the cent."""
    order = a_hundred_pence_order("unit-by-unit")
    cases = [await desk.take(order) for _ in range(3)]
    await desk.request(an_issue(cases[0], CompensateUnits(line_id="1", quantity=1, amount_minor=20)))
    await desk.request(an_issue(cases[1], RefundUnits(line_id="1", quantity=1)))
    await desk.request(an_issue(cases[2], RefundUnits(line_id="1", quantity=2)))
    found = await amounts(desk, order)
    assert {state for state, _ in found} == {"requested"}
    assert sum(amount for _, amount in found) == 100


async def test_what_went_before_is_what_the_caps_have_counted(desk: RecordsDesk) -> None:
    order = an_order("agree", freight=(FreightCharge(freight_id="f1", amount_minor=495),))
    cases = [await desk.take(order) for _ in range(2)]
    await desk.request(an_issue(cases[0], RefundUnits(line_id="1", quantity=1), RefundFreight(freight_id="f1", amount_minor=100)))
    await desk.request(an_issue(cases[1], CompensateUnits(line_id="1", quantity=1, amount_minor=50)))
    async with transaction(desk.pool) as conn:
        prior = await desk.refunds.prior(conn, order.order_id)
    (counted,) = await desk.pool.fetch("SELECT refunded_minor, compensated_minor FROM line_caps WHERE order_id = $1", order.order_id)
    assert (prior.line("1").refunded_minor, prior.line("1").compensated_minor) == tuple(counted)
    assert [freight.refunded_minor for freight in prior.freight] == [100]
    paid_back = await desk.pool.fetchval("SELECT reserved_minor FROM payment_caps WHERE order_id = $1", order.order_id)
    assert [payment.refunded_minor for payment in prior.payments] == [paid_back]


async def test_the_newest_snapshot_wins_in_whatever_order_they_come(desk: RecordsDesk) -> None:
    newer = an_order("versions", order_version=7)
    assert await desk.apply(newer)
    assert not await desk.apply(an_order("versions", order_version=6))
    assert not await desk.apply(newer)
    assert await desk.pool.fetchval("SELECT order_version FROM orders WHERE order_id = $1", newer.order_id) == 7


async def test_caps_follow_a_newer_order(desk: RecordsDesk) -> None:
    order = an_order("refunded-elsewhere")
    case = await desk.take(order)
    await desk.request(an_issue(case))
    told = order.model_copy(update={"order_version": 5, "payments": (a_payment(1275, refunded_elsewhere_minor=425),)})
    assert await desk.apply(told)
    assert await desk.pool.fetchval("SELECT available_minor FROM payment_caps WHERE order_id = $1", order.order_id) == 850


async def test_an_order_fact_that_would_break_a_cap_is_a_task_for_finance(desk: RecordsDesk) -> None:
    order = an_order("breaks")
    case = await desk.take(order)
    await desk.request(an_issue(case))
    broken = order.model_copy(update={"order_version": 5, "payments": (a_payment(1275, refunded_elsewhere_minor=426),)})
    assert not await desk.apply(broken)
    assert not await desk.apply(broken)
    assert await desk.tasks(case.case_id) == ["finance_order_below_refunds"]
    assert await desk.pool.fetchval("SELECT order_version FROM orders WHERE order_id = $1", order.order_id) == 4


async def test_units_that_cost_nothing_are_counted_but_move_no_money(desk: RecordsDesk) -> None:
    order = an_order("free", lines=(an_order_line("1", amount_minor=0), an_order_line("2")))
    case = await desk.take(order)
    issue = an_issue(case, RefundUnits(line_id="1", quantity=3))
    await desk.request(issue)
    row = await desk.refund(issue.refund.refund_id)
    assert (row["state"], row["amount_minor"]) == ("settled", 0)
    assert await desk.events(issue.refund.refund_id) == []
    assert await desk.pool.fetchval("SELECT units_refunded FROM line_caps WHERE order_id = $1 AND line_id = '1'", order.order_id) == 3
