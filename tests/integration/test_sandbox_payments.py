"""The payment provider keeps the promises that refunds lean on: one answer per key, never more than captured, nothing lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.support.sandbox import SandboxServer, a_sandbox, wait_for


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as server:
        yield server


@pytest.fixture
def api(provider: SandboxServer) -> Iterator[httpx2.Client]:
    with provider.client() as client:
        client.put("/admin/faults", json={"settle_delay_ms": 0}).raise_for_status()
        yield client


def capture(api: httpx2.Client, amount_minor: int = 1000, **changes: Any) -> dict[str, Any]:
    body = {"amount_minor": amount_minor, "currency": "GBP", "method": "card", "merchant_reference": "536365", **changes}
    answer = api.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex})
    assert answer.status_code == 201
    payment: dict[str, Any] = answer.json()
    return payment


def refund(api: httpx2.Client, payment: dict[str, Any], amount_minor: int, key: str | None = None, **changes: Any) -> httpx2.Response:
    body = {"payment_id": payment["id"], "amount_minor": amount_minor, "currency": "GBP", **changes}
    return api.post("/v1/refunds", json=body, headers={"idempotency-key": key or uuid4().hex})


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_the_same_key_with_the_same_body_is_one_refund_and_one_answer(api: httpx2.Client) -> None:
    payment = capture(api)
    first, second = (refund(api, payment, 600, "same-" + payment["id"]) for _ in range(2))
    assert first.status_code == 202
    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    assert api.get(f"/v1/payments/{payment['id']}").json()["refundable_minor"] == 400


def test_the_same_key_with_another_body_is_a_conflict(api: httpx2.Client) -> None:
    payment = capture(api)
    refund(api, payment, 600, "other-" + payment["id"])
    assert code_of(refund(api, payment, 601, "other-" + payment["id"])) == (409, "idempotency_conflict")


def test_a_refused_refund_stays_refused_under_its_key_even_when_it_would_be_possible_now(api: httpx2.Client) -> None:
    payment = capture(api)
    api.patch("/admin/faults", json={"settle_delay_ms": 60_000, "fail_next": [{"payment_id": payment["id"]}]})
    blocking = refund(api, payment, 600).json()
    key = "refused-" + payment["id"]
    refused = refund(api, payment, 500, key)
    assert code_of(refused) == (422, "amount_exceeds_refundable")
    api.post("/admin/settle").raise_for_status()
    assert api.get(f"/v1/refunds/{blocking['id']}").json()["status"] == "failed"
    assert refund(api, payment, 500, key).content == refused.content
    assert refund(api, payment, 500).status_code == 202


def test_a_failed_refund_replays_its_answer_and_frees_the_amount_for_a_new_key(api: httpx2.Client) -> None:
    payment = capture(api)
    api.patch("/admin/faults", json={"fail_next": [{"amount_minor": 1000, "failure_code": "account_closed"}]})
    failed = refund(api, payment, 1000, "failed-" + payment["id"])
    assert (failed.json()["status"], failed.json()["failure_code"]) == ("failed", "account_closed")
    assert refund(api, payment, 1000, "failed-" + payment["id"]).content == failed.content
    assert refund(api, payment, 1000).json()["status"] == "succeeded"
    assert api.get("/admin/faults").json()["fail_next"] == []


def test_never_more_than_captured_is_refunded_and_what_is_pending_counts(api: httpx2.Client) -> None:
    payment = capture(api)
    api.patch("/admin/faults", json={"settle_delay_ms": 60_000})
    assert refund(api, payment, 700).json()["status"] == "pending"
    assert code_of(refund(api, payment, 301)) == (422, "amount_exceeds_refundable")
    assert refund(api, payment, 300).status_code == 202
    shown = api.get(f"/v1/payments/{payment['id']}").json()
    assert (shown["refunded_minor"], shown["refund_pending_minor"], shown["refundable_minor"]) == (0, 1000, 0)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"payment_id": "pay_unknown"}, (404, "payment_not_found")),
        ({"currency": "EUR"}, (422, "currency_mismatch")),
        ({"amount_minor": 0}, (400, "invalid_request")),
        ({"amount_minor": "600"}, (400, "invalid_request")),
        ({"amount_minor": 6.5}, (400, "invalid_request")),
        ({"amount": 600}, (400, "invalid_request")),
    ],
)
def test_a_refund_that_cannot_be_is_refused_with_its_reason(api: httpx2.Client, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    payment = capture(api)
    assert code_of(refund(api, payment, **{"amount_minor": 600, **changes})) == refusal


def test_a_booking_without_key_is_refused_and_so_is_a_caller_without_api_key(api: httpx2.Client, provider: SandboxServer) -> None:
    body = {"payment_id": "pay_1", "amount_minor": 1, "currency": "GBP"}
    assert code_of(api.post("/v1/refunds", json=body)) == (400, "idempotency_key_missing")
    stranger = httpx2.get(f"{provider.url}/v1/totals", headers={"authorization": "Bearer wrong"}, trust_env=False)
    assert code_of(stranger) == (401, "unauthorized")


def test_a_lost_answer_leaves_a_refund_that_the_look_up_finds_and_the_key_replays(api: httpx2.Client) -> None:
    payment, key = capture(api), f"lost-{uuid4()}"
    api.patch("/admin/faults", json={"drop_answer_rate": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        refund(api, payment, 250, key)
    api.patch("/admin/faults", json={"drop_answer_rate": 0})
    found = api.get("/v1/refunds", params={"idempotency_key": key}).json()["data"]
    assert [one["amount_minor"] for one in found] == [250]
    assert refund(api, payment, 250, key).json()["id"] == found[0]["id"]
    assert api.get("/v1/refunds", params={"idempotency_key": "never-sent"}).json() == {"data": [], "next_cursor": None}


def test_an_injected_error_does_nothing(api: httpx2.Client) -> None:
    payment, key = capture(api), f"error-{uuid4()}"
    api.patch("/admin/faults", json={"error_rate": 1, "error_status": 502})
    assert code_of(refund(api, payment, 250, key)) == (502, "injected_fault")
    api.patch("/admin/faults", json={"error_rate": 0})
    assert api.get("/v1/refunds", params={"idempotency_key": key}).json()["data"] == []
    assert refund(api, payment, 250, key).status_code == 202


def test_the_same_seed_strikes_the_same_requests_and_a_retry_is_a_new_draw(api: httpx2.Client) -> None:
    def struck() -> list[bool]:
        api.put("/admin/faults", json={"seed": 7, "error_rate": 0.5})
        statuses = [api.get("/v1/refunds/re_none", headers={"idempotency-key": f"k{n % 8}"}).status_code for n in range(32)]
        return [status == 503 for status in statuses]

    first = struck()
    assert struck() == first
    assert len({tuple(first[start : start + 8]) for start in (0, 8, 16, 24)}) > 1


def test_an_unknown_switch_is_refused_and_a_reset_turns_all_off(api: httpx2.Client) -> None:
    assert code_of(api.put("/admin/faults", json={"error_rat": 1})) == (400, "invalid_request")
    assert code_of(api.put("/admin/faults", json={"error_rate": 2})) == (400, "invalid_request")
    api.put("/admin/faults", json={"error_rate": 1, "seed": 3})
    assert api.post("/admin/reset-faults").json()["error_rate"] == 0


def test_a_batch_is_captured_whole_in_its_order_or_not_at_all(api: httpx2.Client) -> None:
    one = {"amount_minor": 5, "currency": "GBP", "method": "card", "merchant_reference": f"batch-{uuid4()}"}
    batch = {"payments": [{**one, "amount_minor": amount} for amount in range(1, 701)]}
    answer = api.post("/v1/payments/batch", json=batch, headers={"idempotency-key": uuid4().hex})
    assert [payment["amount_minor"] for payment in answer.json()["data"]] == list(range(1, 701))
    bad = {"payments": [{**one, "merchant_reference": "never"}, {**one, "amount_minor": -1}]}
    assert code_of(api.post("/v1/payments/batch", json=bad, headers={"idempotency-key": uuid4().hex})) == (400, "invalid_request")
    assert api.get("/v1/payments", params={"merchant_reference": "never"}).json()["data"] == []


def test_a_list_comes_in_pages_that_hold_each_refund_once(api: httpx2.Client) -> None:
    payment = capture(api)
    made = [refund(api, payment, 10, merchant_reference="paged").json()["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        listed = api.get("/v1/refunds", params={"payment_id": payment["id"], "limit": "2", **cursor}).json()
        seen += [one["id"] for one in listed["data"]]
        if listed["next_cursor"] is None:
            break
        cursor = {"cursor": listed["next_cursor"]}
    assert seen == made
    assert code_of(api.get("/v1/refunds", params={"cursor": "made-up"})) == (400, "invalid_cursor")


def test_totals_and_settlements_tell_the_same_sum(api: httpx2.Client) -> None:
    payment = capture(api)
    settled = refund(api, payment, 123, metadata={"case": "C-1"}).json()
    lines = [httpx2.Response(200, content=line).json() for line in api.get("/v1/settlements").text.splitlines()]
    totals = api.get("/v1/totals").json()["refunds"]
    assert (len(lines), sum(line["amount_minor"] for line in lines)) == (totals["count"], totals["sum_minor"]["GBP"])
    day = {"date": settled["settled_at"][:10]}
    assert settled["id"] in api.get("/v1/settlements", params=day).text
    assert api.get("/v1/settlements", params={"date": "2001-01-01"}).text == ""


def test_captures_and_refunds_outlive_kill_9(tmp_path: Path) -> None:
    with a_sandbox("payments", tmp_path) as server:
        with server.client() as api:
            api.put("/admin/faults", json={"settle_delay_ms": 1500})
            payment = capture(api)
            accepted = refund(api, payment, 600, "before").json()
        server.kill_and_restart()
        with server.client() as api:
            assert refund(api, payment, 600, "before").json()["id"] == accepted["id"]
            wait_for(lambda: api.get(f"/v1/refunds/{accepted['id']}").json()["status"] == "succeeded")
            assert api.get("/v1/totals").json()["refunds"] == {"count": 1, "sum_minor": {"GBP": 600}}
            assert api.get("/admin/faults").json()["settle_delay_ms"] == 1500
