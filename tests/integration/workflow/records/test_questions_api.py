"""Questions over HTTP: what policy would decide and what a refund would come to, for staff and for storefronts, each for their own merchants."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from contracts.decision import Decision, PriorRefunds, Quote, RefundRequest, RefundUnits
from contracts.identifiers import MerchantId
from contracts.roles import Role
from services.workflow.money.quote import quote
from services.workflow.policy.decide import decide
from services.workflow.policy.registry import load_packs
from tests.support.builders import PLACED_AT, a_payment, an_order, facts
from tests.support.payment_provider import FakeProvider
from tests.support.workflow_api import OTHER_SHOP, Caller, a_client, a_token, an_api, api_key
from tests.support.workflow_records import RecordsDesk, an_issue, word

pytestmark = pytest.mark.engines
TWO_MUGS = RefundRequest(currency="GBP", items=(RefundUnits(line_id="1", quantity=2),))


@pytest.fixture(scope="module")
async def http(desk: RecordsDesk) -> AsyncIterator[httpx2.AsyncClient]:
    async with a_client(an_api(desk, [FakeProvider()])) as client:
        yield client


@pytest.fixture(scope="module")
def shop(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, api_key("demo-shop"))


@pytest.fixture(scope="module")
def agent(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, a_token("alex", Role.AGENT))


@pytest.fixture(scope="module")
def other_shop(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, api_key(OTHER_SHOP))


def refusal(answer: httpx2.Response) -> tuple[int, str, list[str]]:
    problem = answer.json()
    return answer.status_code, problem["code"], [error["pointer"] for error in problem.get("errors", [])]


def plain(**changes: Any) -> dict[str, Any]:
    """The facts of a return of two mugs, as JSON."""
    return facts(**changes).model_dump(mode="json")


async def test_the_policy_of_the_merchant_decides_on_facts_that_are_sent(shop: Caller, agent: Caller) -> None:
    for asker in (shop, agent):
        answer = await asker.post("/v1/policy/decisions", {"facts": plain()})
        assert answer.status_code == 200, answer.text
        assert Decision.model_validate(answer.json()) == decide(facts(), load_packs().in_force("uk-retail", PLACED_AT))


async def test_an_order_that_is_known_needs_its_number_only(desk: RecordsDesk, shop: Caller, agent: Caller) -> None:
    """R-INT-07, R-RFD-03: what was given back before comes from the books."""
    order = an_order(uuid4().hex[:12])
    issue = an_issue(await desk.take(order), RefundUnits(line_id="1", quantity=2))
    await desk.request(issue)
    (submission,) = await desk.submissions(issue.refund.refund_id)
    await desk.record(word(submission, "succeeded"))
    asked = {"scene": "return.no_reason", "order_number": order.number, "moment": "2026-03-07T09:30:00Z"}
    for asker in (shop, agent):
        one = await asker.post("/v1/policy/decisions", {"facts": asked | {"affected": [{"line_id": "1", "quantity": 1}]}})
        assert one.json()["options"][0]["amount_minor"] == 425, one.text
        two = await asker.post("/v1/policy/decisions", {"facts": asked | {"affected": [{"line_id": "1", "quantity": 2}]}})
        assert refusal(two) == (422, "facts_refused", ["/facts/affected/0"])
        rest = {"request": TWO_MUGS.model_copy(update={"items": (RefundUnits(line_id="1", quantity=1),)}).model_dump(mode="json")}
        assert (await asker.post("/v1/refunds/quotes", rest | {"order_number": order.number})).json()["amount_minor"] == 425


async def test_a_merchant_never_learns_of_anothers_orders_or_policies(
    desk: RecordsDesk, other_shop: Caller, http: httpx2.AsyncClient
) -> None:
    order = an_order(uuid4().hex[:12])
    await desk.take(order)
    stranger = Caller(http, a_token("eve", Role.AGENT, merchants=(OTHER_SHOP,)))
    by_number = plain() | {"order_number": order.number}
    del by_number["order"]
    for name in ("prior", "first_tier_paid_minor", "reshipped", "merchant_fault_refunded"):
        del by_number[name]
    quoted = {"request": TWO_MUGS.model_dump(mode="json")}
    for asker in (other_shop, stranger):
        for path, by_order, number in (
            ("/v1/policy/decisions", {"facts": plain()}, {"facts": by_number}),
            ("/v1/refunds/quotes", quoted | {"order": order.model_dump(mode="json")}, quoted | {"order_number": order.number}),
        ):
            assert refusal(await asker.post(path, by_order))[:2] == (404, "merchant_not_found")
            assert refusal(await asker.post(path, number))[:2] == (404, "order_not_found")
            assert refusal(await asker.post(path, number | {"merchant_id": "demo-shop"}))[:2] == (404, "merchant_not_found")
    own = {"facts": plain(order=an_order(merchant_id=OTHER_SHOP, currency="CNY"))}
    assert (await other_shop.post("/v1/policy/decisions", own)).json()["policy_version"].startswith("cn-marketplace@")
    foreign = await other_shop.post("/v1/policy/decisions", own | {"policy": "uk-retail@1.0"})
    assert refusal(foreign) == (404, "policy_not_found", ["/policy"])
    assert "uk-retail@1.0" not in foreign.json()["detail"].partition("use one of")[2]


async def test_staff_may_ask_under_any_policy_and_say_which_merchant_they_mean(http: httpx2.AsyncClient) -> None:
    everywhere = Caller(http, a_token("sue", Role.SUPERVISOR, merchants=("*",)))
    answer = await everywhere.post("/v1/policy/decisions", {"facts": plain(), "policy": "cn-marketplace"})
    assert answer.json()["policy_version"].startswith("cn-marketplace@")
    assert refusal(await everywhere.post("/v1/policy/decisions", {"facts": plain(), "policy": "nobody@1"}))[:2] == (404, "policy_not_found")
    number = {"request": TWO_MUGS.model_dump(mode="json"), "order_number": "nowhere"}
    assert refusal(await everywhere.post("/v1/refunds/quotes", number)) == (422, "merchant_required", ["/merchant_id"])
    named = await everywhere.post("/v1/refunds/quotes", number | {"merchant_id": "demo-shop"})
    assert refusal(named)[:2] == (404, "order_not_found")
    unknown = plain(order=an_order(merchant_id=MerchantId("new-shop")))
    assert refusal(await everywhere.post("/v1/policy/decisions", {"facts": unknown})) == (422, "invalid_request", ["/policy"])
    mixed = await everywhere.post("/v1/policy/decisions", {"facts": plain(), "merchant_id": "other-shop"})
    assert refusal(mixed) == (422, "invalid_request", ["/merchant_id"])


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"ordr": 1}, "/facts/ordr"),
        ({"scene": "logistics.damaged"}, "/facts/scene"),
        ({"claimed": {"usble": True}}, "/facts/claimed/usble"),
        ({"affected": []}, "/facts/affected"),
        ({"affected": [{"line_id": "1", "quantity": 0}]}, "/facts/affected/0/quantity"),
        ({"affected": [{"line_id": "9", "quantity": 1}]}, "/facts/affected/0"),
        ({"order_number": "1"}, "/facts/order"),
        ({"time_zone": "Mars"}, "/facts/time_zone"),
        ({"order": plain(order=an_order(payments=()))["order"]}, "/facts/order/payments"),
    ],
)
async def test_a_refusal_points_at_the_fact(shop: Caller, changes: dict[str, Any], pointer: str) -> None:
    status, _, pointers = refusal(await shop.post("/v1/policy/decisions", {"facts": plain() | changes}))
    assert (status, pointers[0]) == (422, pointer)


async def test_a_question_before_any_order_is_the_merchants_own(other_shop: Caller, http: httpx2.AsyncClient) -> None:
    """R-SCN-01: a contact that nobody could classify needs no order."""
    asked = {"facts": {"scene": None}}
    assert (await other_shop.post("/v1/policy/decisions", asked)).json()["needs_triage"] is True
    everywhere = Caller(http, a_token("sue", Role.SUPERVISOR, merchants=("*",)))
    told = await everywhere.post("/v1/policy/decisions", {"facts": {"scene": None}, "merchant_id": "other-shop"})
    assert (told.status_code, told.json()["needs_triage"]) == (200, True), told.text
    assert refusal(await everywhere.post("/v1/policy/decisions", asked)) == (422, "merchant_required", ["/merchant_id"])


async def test_who_forgets_the_order_is_told_that_its_number_will_do(shop: Caller) -> None:
    told = await shop.post("/v1/policy/decisions", {"facts": {"scene": "return.no_reason", "affected": [{"line_id": "1", "quantity": 1}]}})
    assert refusal(told) == (422, "facts_refused", ["/facts/order"])
    assert "order_number" in told.json()["detail"]


async def test_what_became_of_a_known_order_is_not_for_the_asker_to_say(shop: Caller) -> None:
    given = {"scene": "return.no_reason", "order_number": "1", "affected": [{"line_id": "1", "quantity": 1}], "reshipped": {}}
    assert refusal(await shop.post("/v1/policy/decisions", {"facts": given})) == (422, "invalid_request", ["/facts/reshipped"])
    asked = {"request": TWO_MUGS.model_dump(mode="json"), "order_number": "1", "prior": {}}
    assert refusal(await shop.post("/v1/refunds/quotes", asked)) == (422, "invalid_request", ["/prior"])
    assert refusal(await shop.post("/v1/refunds/quotes", {"request": asked["request"]})) == (422, "invalid_request", ["/order"])


async def test_a_quote_explains_each_penny_of_an_order_that_is_sent(shop: Caller) -> None:
    order = an_order()
    answer = await shop.post("/v1/refunds/quotes", {"order": order.model_dump(mode="json"), "request": TWO_MUGS.model_dump(mode="json")})
    assert answer.status_code == 200, answer.text
    assert Quote.model_validate(answer.json()) == quote(order, TWO_MUGS, PriorRefunds())


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"request": {"currency": "EUR", "items": [{"kind": "units", "line_id": "1", "quantity": 1}]}}, "/request/currency"),
        ({"request": {"currency": "GBP", "items": [{"kind": "units", "line_id": "9", "quantity": 1}]}}, "/request/items"),
        ({"request": {"currency": "GBP", "items": [{"kind": "units", "line_id": "1", "quantity": 4}]}}, "/request/items"),
        ({"request": {"currency": "GBP", "items": []}}, "/request/items"),
        ({"order": an_order(payments=()).model_dump(mode="json")}, "/order/payments"),
        ({"prior": {"lines": [{"line_id": "1", "units_refunded": 9}]}}, "/prior"),
        ({"prior": {"lins": []}}, "/prior/lins"),
        ({"request": {"currency": "GBP", "discount_rul": "recomputed", "items": []}}, "/request/discount_rul"),
        (
            {"request": {"currency": "GBP", "items": [{"kind": "units", "line_id": "1", "quantity": 1, "amount_minr": 1}]}},
            "/request/items/0/amount_minr",
        ),
    ],
)
async def test_a_refund_that_is_not_possible_is_told_with_its_field(shop: Caller, changes: dict[str, Any], pointer: str) -> None:
    asked = {"order": an_order(payments=(a_payment(1275),)).model_dump(mode="json"), "request": TWO_MUGS.model_dump(mode="json")}
    status, _, pointers = refusal(await shop.post("/v1/refunds/quotes", asked | changes))
    assert (status, pointers) == (422, [pointer])


async def test_only_staff_and_storefronts_may_ask(http: httpx2.AsyncClient) -> None:
    nobody = await http.post("/v1/policy/decisions", json={"facts": plain()})
    assert refusal(nobody)[:2] == (401, "invalid_token")
    assert refusal(await Caller(http, "ak_unknown").post("/v1/policy/decisions", {"facts": plain()}))[:2] == (401, "invalid_token")
    roleless = Caller(http, a_token("nemo"))
    assert refusal(await roleless.post("/v1/policy/decisions", {"facts": plain()}))[:2] == (403, "role_required")
    by_header = await http.post("/v1/policy/decisions", json={"facts": plain()}, headers={"X-Api-Key": api_key("demo-shop")})
    assert by_header.status_code == 200
    assert refusal(await Caller(http, api_key("demo-shop")).get("/v1/decisions"))[:2] == (401, "invalid_token")
