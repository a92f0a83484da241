"""Who customers are: tokens, identity checks with their lock-out, and erasure."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest

from contracts.case_state import CaseOutcome
from contracts.identifiers import MerchantId, customer_ref_for
from services.intake.adapters.case_tokens import JwtCaseTokens
from services.intake.domain.callers import CustomerCaller
from services.intake.settings import key_bytes
from services.kit.clock import utc_now
from tests.integration.intake.desk import MAIL, PHONE, POSTCODE, Desk, Json, a_number, a_snapshot, an_application, is_problem
from tests.integration.intake.story import an_end
from tests.support.builders import MERCHANT

pytestmark = pytest.mark.engines


async def _guest(desk: Desk, number: str, **claim: str) -> httpx2.Response:
    body: Json = {"merchant_id": MERCHANT, "order_number": number, **claim}
    return await desk.http.post("/v1/guest-tokens", json=body)


@pytest.mark.parametrize(
    "claim",
    [
        {"phone": PHONE},
        {"phone": "+44 7911 123-456"},
        {"phone": "7911123456"},
        {"email": MAIL.upper()},
        {"postcode": "N17GR"},
    ],
)
async def test_a_guest_is_known_by_order_number_and_one_contact_in_any_writing(desk: Desk, claim: dict[str, str]) -> None:
    """R-SEC-01."""
    number = await desk.an_order()

    answer = await _guest(desk, number, **claim)

    assert answer.status_code == 201, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await desk.apply(an_application(number), headers)).status_code == 202


async def test_a_guests_token_is_good_for_its_order_only(desk: Desk) -> None:
    customer = f"c-{a_number()}"
    mine, other = await desk.an_order(customer_id=customer), await desk.an_order(customer_id=customer)
    case = (await desk.apply(an_application(other))).json()
    token = (await _guest(desk, mine, phone=PHONE)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}

    assert is_problem(await desk.apply(an_application(other, line="2"), headers), 404, "order_not_found")
    assert is_problem(await desk.http.get(f"/v1/cases/{case['case_id']}", headers=headers), 404, "case_not_found")
    assert (await desk.http.get("/v1/cases", headers=headers)).json()["items"] == []


async def test_three_failures_lock_the_order_without_a_hint(desk: Desk) -> None:
    """R-SEC-03."""
    number, never = await desk.an_order(), a_number()
    desk.house.identify._settings = desk.house.settings.model_copy(update={"identity_max_tries_per_source": 100})

    of_an_order = [await _guest(desk, number, phone="07911 000000") for _ in range(3)]
    of_none = [await _guest(desk, never, phone="07911 000000") for _ in range(3)]
    right_but_locked = await _guest(desk, number, phone=PHONE)
    none_but_locked = await _guest(desk, never, phone=PHONE)

    for wrong in of_an_order + of_none:
        assert is_problem(wrong, 401, "identity_not_confirmed")
    assert {answer.json()["detail"] for answer in of_an_order} == {answer.json()["detail"] for answer in of_none}
    for locked in (right_but_locked, none_but_locked):
        assert is_problem(locked, 429, "identity_locked")
        assert 1_700 < int(locked.headers["retry-after"]) <= 1_800


async def test_three_failures_on_different_orders_lock_their_source(desk: Desk) -> None:
    """R-SEC-03."""
    number = await desk.an_order()
    for _ in range(3):
        assert is_problem(await _guest(desk, a_number(), postcode=POSTCODE), 401, "identity_not_confirmed")

    assert is_problem(await _guest(desk, number, phone=PHONE), 429, "identity_locked")


async def test_guesses_sent_all_at_once_count_one_by_one(desk: Desk) -> None:
    """R-SEC-03."""
    number = await desk.an_order()

    answers = await asyncio.gather(*(_guest(desk, number, phone=f"07911 00000{n}") for n in range(10)))

    assert sorted(answer.status_code for answer in answers) == [401] * 3 + [429] * 7


async def test_success_forgets_earlier_failures_of_the_order(desk: Desk) -> None:
    number = await desk.an_order()
    desk.house.identify._settings = desk.house.settings.model_copy(update={"identity_max_tries_per_source": 100})
    for _ in range(2):
        for _ in range(2):
            assert is_problem(await _guest(desk, number, email="wrong@example.org"), 401, "identity_not_confirmed")
        assert (await _guest(desk, number, email=MAIL)).status_code == 201


async def test_exactly_one_contact_is_named_and_unusable_ones_match_nothing(desk: Desk) -> None:
    number = await desk.an_order()

    assert is_problem(await _guest(desk, number), 422, "invalid_request")
    assert is_problem(await _guest(desk, number, phone=PHONE, email=MAIL), 422, "invalid_request")
    assert is_problem(await _guest(desk, number, phone="-"), 401, "identity_not_confirmed")


async def test_an_expired_or_foreign_token_is_refused(desk: Desk) -> None:
    caller = CustomerCaller(MERCHANT, customer_ref_for(MERCHANT, "x"))
    own = JwtCaseTokens(key_bytes(desk.house.settings.token_key))
    expired, _ = own.issue(caller, utc_now() - timedelta(hours=2), timedelta(hours=1))
    foreign, _ = JwtCaseTokens(b"another key of another installation").issue(caller, utc_now(), timedelta(hours=1))
    good, _ = own.issue(caller, utc_now(), timedelta(hours=1))

    for token in (expired, foreign, "rubbish", "a.b.c", f"{good[:-4]}AAAA"):
        answer = await desk.http.get("/v1/cases", headers={"Authorization": f"Bearer {token}"})
        assert is_problem(answer, 401, "not_authenticated")
    assert (await desk.http.get("/v1/cases", headers={"Authorization": f"Bearer {good}"})).status_code == 200


async def test_erasure_withdraws_the_contact_everywhere_and_holds_until_a_later_order(desk: Desk) -> None:
    customer = f"c-{a_number()}"
    number = await desk.an_order(customer_id=customer)
    ended = (await desk.apply(an_application(number, description="my words"))).json() | {"order_number": number}
    await desk.tell(an_end(ended, CaseOutcome.WITHDRAWN))

    erased = await desk.http.delete(f"/v1/customers/{customer}/contact", headers=desk.merchant())
    again = await desk.http.delete(f"/v1/customers/{customer}/contact", headers=desk.merchant())
    old = a_snapshot(number, 9, customer_id=customer)
    await desk.http.put(f"/v1/orders/{number}", json=old, headers=desk.merchant())

    assert (erased.status_code, again.status_code) == (204, 204)
    events = await desk.contacts(customer)
    assert events[0] is not None
    assert events[1:] == [None], "the second time there was nothing left to withdraw"
    assert [text["body"] for text in (await desk.look(ended["case_id"]))["texts"]] == [None]
    unknown = await desk.http.delete("/v1/customers/never-seen/contact", headers=desk.merchant())
    assert is_problem(unknown, 404, "customer_not_found")
    assert customer_ref_for(MerchantId(MERCHANT), customer) != UUID(int=0)


async def test_after_erasure_a_guest_is_no_longer_recognised(desk: Desk) -> None:
    number = await desk.an_order()
    await desk.http.delete(f"/v1/customers/customer-of-{number}/contact", headers=desk.merchant())

    assert is_problem(await _guest(desk, number, phone=PHONE), 401, "identity_not_confirmed")
