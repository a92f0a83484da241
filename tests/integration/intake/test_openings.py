"""Opening a case in one statement, after a look at its order without a lock: what may change in between, and what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from contracts.case_state import CaseOutcome, CaseStatus
from contracts.case_v1 import CaseOpened
from contracts.identifiers import OrderId
from services.intake.ports import OrderFound
from services.kit.postgres import Connection
from tests.integration.intake.desk import Desk, Json, a_number, an_application, is_problem
from tests.integration.intake.story import an_end
from tests.support.twice import KEYS, at_once

pytestmark = pytest.mark.engines

TABLES = ("cases", "case_lines", "case_texts", "outbox_sequence", "outbox", "idempotency_key")
OWN = {"case_id", "case_number", "order_id", "order_number", "customer_ref", "text_id", "event_id", "id", "key", "request_hash"}
MOMENTS = {"written_at", "requested_at", "opened_at", "updated_at", "occurred_at", "created_at"}
WITHIN = {"view", "headers", "body", "value", "trace_parent"}
"""Fields that hold ids and moments within."""


@pytest.fixture
def after_the_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[object]]], None]:
    """Lets something happen between the look at an order and what follows from it, once."""
    look = desk.house.looks.look

    def happens(act: Callable[[], Awaitable[object]]) -> None:
        async def look_and_act(order_id: OrderId) -> OrderFound | None:
            found = await look(order_id)
            monkeypatch.setattr(desk.house.looks, "look", look)
            await act()
            return found

        monkeypatch.setattr(desk.house.looks, "look", look_and_act)

    return happens


@pytest.fixture
def no_long_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.house.orders, "for_case", _never)


async def _never(*_arguments: object) -> bool:
    raise AssertionError("went the long way")


async def _not_at_once(*_arguments: object) -> bool:
    return False


@pytest.mark.usefixtures("no_long_way")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scene": "quality.defect", "description": "a crack"},
        {"lines": [{"line_id": "2", "quantity": 3}, {"line_id": "1", "quantity": 1}]},
        {"wanted_remedy": "return_refund", "accept_if_offered": True},
    ],
    ids=["plain", "with words", "several lines", "with consent"],
)
async def test_the_usual_case_needs_no_transaction_of_several_statements(desk: Desk, changes: Json) -> None:
    number = await desk.an_order()

    answer = await desk.apply(an_application(number) | changes)

    assert answer.status_code == 202
    assert len(await desk.published(answer.json()["case_id"])) == 1


@pytest.mark.usefixtures("no_long_way")
async def test_neither_does_the_next_case_about_an_order(desk: Desk) -> None:
    number = await desk.an_order()
    ended = await desk.a_case(number, quantity=2)
    await desk.tell(an_end(ended, CaseOutcome.WITHDRAWN, status=CaseStatus.CANCELLED))
    await desk.a_case(number, line="2")

    again = await desk.apply(an_application(number, quantity=3))

    assert again.status_code == 202
    [event] = await desk.published(again.json()["case_id"])
    assert isinstance(event, CaseOpened)
    assert event.application_number == 2


async def test_both_ways_write_the_same_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: Json = {"scene": "quality.defect", "description": "a crack", "lines": [{"line_id": n, "quantity": 2} for n in "12"]}
    first, second = await desk.an_order(), await desk.an_order()

    at_once = await desk.apply(an_application(first) | changes)
    with monkeypatch.context() as patch:
        patch.setattr(desk.house.open_case._openings, "open", _not_at_once)
        the_long_way = await desk.apply(an_application(second) | changes)

    assert (at_once.status_code, at_once.json().keys()) == (202, the_long_way.json().keys())
    for table in TABLES:
        one, other = [await _rows(desk, table, answer.json()["case_id"]) for answer in (at_once, the_long_way)]
        assert len(one) == (2 if table == "case_lines" else 1), table
        assert one == other, table


async def _rows(desk: Desk, table: str, case_id: str) -> list[Json]:
    """The rows of a case but for what is its own; of what holds ids and moments within, only whether it is there."""
    own = {
        "outbox": "key = $1",
        "outbox_sequence": "key = $1",
        "idempotency_key": "headers->>'Location' = '/v1/cases/' || $1",
    }.get(table, "case_id::text = $1")
    rows = [dict(row) for row in await desk.house.pool.fetch(f"SELECT * FROM {table} WHERE {own} ORDER BY 1, 2", case_id)]  # noqa: S608 - our tables
    return [
        {name: value is not None if name in WITHIN | MOMENTS else value for name, value in row.items() if name not in OWN} for row in rows
    ]


async def test_a_case_is_judged_by_the_order_that_came_meanwhile(
    desk: Desk, after_the_look: Callable[[Callable[[], Awaitable[object]]], None]
) -> None:
    number = await desk.an_order(version=4)
    after_the_look(lambda: desk.an_order(number, version=5))

    answer = await desk.apply(an_application(number))

    assert answer.status_code == 202
    [event] = await desk.published(answer.json()["case_id"])
    assert isinstance(event, CaseOpened)
    assert event.order.order_version == 5


async def test_what_the_newer_order_forbids_is_refused_and_leaves_nothing(
    desk: Desk, after_the_look: Callable[[Callable[[], Awaitable[object]]], None]
) -> None:
    number, key = await desk.an_order(version=4), uuid4().hex
    after_the_look(lambda: desk.an_order(number, version=5, delivered=False))

    answer = await desk.apply(an_application(number), key=key)

    assert is_problem(answer, 422, "invalid_lines")
    assert await _left(desk, number, key) == (0, 0)


async def _left(desk: Desk, number: str, key: str) -> tuple[Any, Any]:
    cases = await desk.house.pool.fetchval("SELECT count(*) FROM cases WHERE order_number = $1", number)
    return cases, await desk.house.pool.fetchval("SELECT count(*) FROM idempotency_key WHERE key = $1", key)


async def test_a_claim_made_meanwhile_counts(desk: Desk, after_the_look: Callable[[Callable[[], Awaitable[object]]], None]) -> None:
    """R-INT-05."""
    number = await desk.an_order()
    after_the_look(lambda: desk.a_case(number))

    answer = await desk.apply(an_application(number))

    assert (answer.status_code, answer.json()["duplicate"]) == (200, True)
    assert await desk.house.pool.fetchval("SELECT count(*) FROM cases WHERE order_number = $1", number) == 1


async def test_a_claim_that_ended_meanwhile_counts(desk: Desk, after_the_look: Callable[[Callable[[], Awaitable[object]]], None]) -> None:
    """R-CASE-06."""
    number = await desk.an_order()
    await desk.a_case(number, line="2")
    for _ in range(2):
        await _apply_and_withdraw(desk, number)
    after_the_look(lambda: _apply_and_withdraw(desk, number))

    assert is_problem(await desk.apply(an_application(number)), 409, "reapply_limit")


async def _apply_and_withdraw(desk: Desk, number: str) -> None:
    await desk.tell(an_end(await desk.a_case(number), CaseOutcome.WITHDRAWN, status=CaseStatus.CANCELLED))


async def test_of_two_cases_that_claim_the_same_units_at_once_one_is_opened(desk: Desk) -> None:
    """Both have looked, and have their keys; then both want the order."""
    number = await desk.an_order()

    answers = await at_once(desk.house.pool, "orders", [lambda: desk.apply(an_application(number, quantity=3))] * 2)

    assert sorted(answer.status_code for answer in answers) == [200, 202]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert await desk.house.pool.fetchval("SELECT count(*) FROM cases WHERE order_number = $1", number) == 1


async def test_two_cases_that_claim_other_lines_at_once_are_both_opened(desk: Desk) -> None:
    number = await desk.an_order()
    sends = [partial(desk.apply, an_application(number, line=line)) for line in "12"]

    answers = await at_once(desk.house.pool, "orders", sends)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["case_number"] for answer in answers}) == 2


async def test_of_two_bodies_with_one_key_at_once_one_is_refused(desk: Desk) -> None:
    """R-INT-06."""
    number, key = await desk.an_order(), uuid4().hex
    sends = [partial(desk.apply, an_application(number, quantity=quantity), key=key) for quantity in (1, 2)]

    answers = await at_once(desk.house.pool, KEYS, sends)

    [refused] = [answer for answer in answers if answer.status_code != 202]
    assert is_problem(refused, 422, "idempotency_key_reused")
    assert await _left(desk, number, key) == (1, 1)


async def test_the_answer_of_before_is_given_also_when_another_case_could_be_opened(desk: Desk) -> None:
    number, key = await desk.an_order(), uuid4().hex
    first = await desk.apply(an_application(number), key=key)
    ended = {**first.json(), "order_number": number}
    await desk.tell(an_end(ended, CaseOutcome.WITHDRAWN, status=CaseStatus.CANCELLED))

    again = await desk.apply(an_application(number), key=key)

    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (202, first.content, "true")
    assert await _left(desk, number, key) == (1, 1)


@pytest.fixture
def impatient(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait of five seconds is the session's lock_timeout; a shorter one shows the same."""
    opened = desk.house.open_case._openings.open

    async def open_soon(connection: Connection, *arguments: Any) -> bool:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '100ms'")
            return await opened(connection, *arguments)

    monkeypatch.setattr(desk.house.open_case._openings, "open", open_soon)


@pytest.mark.usefixtures("impatient")
async def test_who_waits_too_long_for_the_first_request_is_told_so_and_for_an_order_to_come_again(desk: Desk) -> None:
    number, key = await desk.an_order(), uuid4().hex
    async with desk.house.pool.acquire() as other, other.transaction():
        await other.execute("SELECT idempotency_take('demo-shop', 'key:k1', 'POST /v1/cases', $1, '')", key)
        in_progress = await desk.apply(an_application(number), key=key)
        await other.execute("DELETE FROM idempotency_key WHERE key = $1", key)
    async with desk.house.pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM orders WHERE number = $1 FOR UPDATE", number)
        unavailable = await desk.apply(an_application(number), key=key)

    assert is_problem(in_progress, 409, "request_in_progress")
    assert is_problem(unavailable, 503, "unavailable")
    assert (await desk.apply(an_application(number), key=key)).status_code == 202


async def test_many_cases_at_once_have_each_their_number(desk: Desk) -> None:
    numbers = await asyncio.gather(*(desk.an_order() for _ in range(40)))

    answers = await asyncio.gather(*(desk.apply(an_application(number)) for number in numbers), desk.apply(an_application(a_number())))

    assert [answer.status_code for answer in answers] == [202] * 40 + [404]
    assert len({answer.json()["case_number"] for answer in answers[:40]}) == 40
