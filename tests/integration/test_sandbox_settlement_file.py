"""Money that comes back, and the settlement file with the mistakes that real ones have."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.support.sandbox import Receiver, SandboxServer, a_sandbox, wait_for


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as server:
        yield server


@pytest.fixture
def api(provider: SandboxServer) -> Iterator[httpx2.Client]:
    with provider.client() as client:
        client.put("/admin/faults", json={"settle_delay_ms": 0}).raise_for_status()
        yield client


def capture(api: httpx2.Client, amount_minor: int = 1000) -> str:
    body = {"amount_minor": amount_minor, "currency": "GBP", "method": "card", "merchant_reference": "536365"}
    return str(api.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex}).raise_for_status().json()["id"])


def refund(api: httpx2.Client, payment: str, amount_minor: int = 400) -> dict[str, Any]:
    body = {"payment_id": payment, "amount_minor": amount_minor, "currency": "GBP"}
    made: dict[str, Any] = api.post("/v1/refunds", json=body, headers={"idempotency-key": uuid4().hex}).raise_for_status().json()
    return made


def lines_about(api: httpx2.Client, made: dict[str, Any], day: date | None = None) -> list[dict[str, Any]]:
    """The lines about a refund in the file of the day it was settled, or of another."""
    query = {"date": (day or date.fromisoformat(made["settled_at"][:10])).isoformat()}
    lines = [httpx2.Response(200, content=line).json() for line in api.get("/v1/settlements", params=query).text.splitlines()]
    return [line for line in lines if line["refund_id"] == made["id"]]


def order_faults(api: httpx2.Client, *faults: dict[str, Any]) -> None:
    api.put("/admin/settlement-faults", json=list(faults)).raise_for_status()


def test_a_refund_that_comes_back_is_reversed_told_and_refundable_again(api: httpx2.Client) -> None:
    payment = capture(api)
    made = refund(api, payment)
    with Receiver() as receiver:
        api.put("/admin/webhook-endpoint", json={"url": receiver.url}).raise_for_status()
        back = api.post("/admin/reverse", json={"refund_id": made["id"], "failure_code": "account_closed"}).raise_for_status().json()
        told = wait_for(lambda: next((hook.event for hook in receiver.received if hook.event["type"] == "refund.reversed"), None))
        api.put("/admin/webhook-endpoint", json={"url": None}).raise_for_status()
    assert (back["status"], back["failure_code"], back["settled_at"]) == ("reversed", "account_closed", made["settled_at"])
    assert told["data"] == back == api.get(f"/v1/refunds/{made['id']}").json()
    assert api.get(f"/v1/payments/{payment}").json()["refundable_minor"] == 1000
    assert refund(api, payment, 1000)["status"] == "succeeded"
    assert api.get("/v1/totals").json()["refunds_reversed"] == {"count": 1, "sum_minor": {"GBP": 400}}


def test_a_reversal_is_a_line_of_its_own_in_the_settlement_file(api: httpx2.Client) -> None:
    made = refund(api, capture(api))
    back = api.post("/admin/reverse", json={"idempotency_key": made["idempotency_key"]}).raise_for_status().json()
    assert back["failure_code"] == "returned_by_bank"
    paid, returned = lines_about(api, made)
    assert (paid["kind"], paid["amount_minor"], paid["settled_at"]) == ("refund", 400, made["settled_at"])
    assert (returned["kind"], returned["amount_minor"], returned["settled_at"]) == ("reversal", 400, back["reversed_at"])
    assert paid["reference"] != returned["reference"]


def test_only_a_paid_refund_comes_back_and_only_once(api: httpx2.Client) -> None:
    made = refund(api, capture(api))
    api.post("/admin/reverse", json={"refund_id": made["id"]}).raise_for_status()
    answers = [
        api.post("/admin/reverse", json=body)
        for body in (
            {"refund_id": made["id"]},
            {"refund_id": "re_none"},
            {"idempotency_key": "none"},
            {},
            {"refund_id": "a", "idempotency_key": "b"},
        )
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (409, "refund_not_reversible"),
        (404, "refund_not_found"),
        (404, "refund_not_found"),
        (400, "invalid_request"),
        (400, "invalid_request"),
    ]


@pytest.mark.parametrize(
    ("fault", "amounts_and_currencies"),
    [
        ("omit", []),
        ("wrong_amount", [(401, "GBP")]),
        ("wrong_currency", [(400, "USD")]),
        ("duplicate", [(400, "GBP"), (400, "GBP")]),
    ],
)
def test_a_mistake_is_made_whenever_the_file_is_read_and_only_about_its_refund(
    api: httpx2.Client, fault: str, amounts_and_currencies: list[tuple[int, str]]
) -> None:
    meant, other = refund(api, capture(api)), refund(api, capture(api))
    order_faults(api, {"refund_id": meant["id"], "fault": fault})
    assert [(line["amount_minor"], line["currency"]) for line in lines_about(api, meant)] == amounts_and_currencies
    assert [(line["amount_minor"], line["currency"]) for line in lines_about(api, other)] == [(400, "GBP")]
    order_faults(api)
    assert [(line["amount_minor"], line["currency"]) for line in lines_about(api, meant)] == [(400, "GBP")]


def test_a_late_line_stands_in_a_later_file_and_in_no_other(api: httpx2.Client) -> None:
    made = refund(api, capture(api))
    settled_on = date.fromisoformat(made["settled_at"][:10])
    order_faults(api, {"idempotency_key": made["idempotency_key"], "fault": "late", "days": 2})
    found = [len(lines_about(api, made, settled_on + timedelta(days=days))) for days in range(4)]
    assert found == [0, 0, 1, 0]


def test_a_mistake_can_be_about_the_reversal_alone_and_a_reset_ends_it(api: httpx2.Client) -> None:
    made = refund(api, capture(api))
    api.post("/admin/reverse", json={"refund_id": made["id"]}).raise_for_status()
    order_faults(api, {"refund_id": made["id"], "fault": "omit", "kind": "reversal"})
    assert [line["kind"] for line in lines_about(api, made)] == ["refund"]
    api.post("/admin/reset-faults").raise_for_status()
    assert api.get("/admin/settlement-faults").json() == []
    assert [line["kind"] for line in lines_about(api, made)] == ["refund", "reversal"]


def test_a_mistake_that_names_no_refund_or_no_known_fault_is_refused(api: httpx2.Client) -> None:
    for wrong in (
        {"fault": "omit"},
        {"refund_id": "re_1", "fault": "lost"},
        {"refund_id": "re_1", "idempotency_key": "k", "fault": "omit"},
    ):
        answer = api.put("/admin/settlement-faults", json=[wrong])
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_a_file_from_before_reversals_is_taken_over_with_what_it_holds(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "payments.sqlite3") as old:
        old.executescript(_OLD_FILE)
    old.close()
    with a_sandbox("payments", tmp_path) as server, server.client() as api:
        held = api.get("/v1/refunds/re_old").json()
        assert (held["status"], held["settlement_reference"], held["reversed_at"]) == ("succeeded", "SET-20260131-00000007", None)
        assert api.post("/admin/reverse", json={"refund_id": "re_old"}).raise_for_status().json()["status"] == "reversed"
        api.put("/admin/faults", json={"settle_delay_ms": 0}).raise_for_status()
        refund(api, "pay_old")
    with a_sandbox("payments", tmp_path) as server, server.client() as api:
        assert [one["status"] for one in api.get("/v1/refunds", params={"payment_id": "pay_old"}).json()["data"]] == [
            "reversed",
            "succeeded",
        ]


_OLD_FILE = """
CREATE TABLE payment (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL, method TEXT NOT NULL, merchant_reference TEXT NOT NULL, reference TEXT,
  refunded_minor INTEGER NOT NULL DEFAULT 0, refund_pending_minor INTEGER NOT NULL DEFAULT 0 CHECK (refund_pending_minor >= 0),
  created_ms INTEGER NOT NULL, CHECK (refunded_minor + refund_pending_minor <= amount_minor)
) STRICT;
CREATE TABLE refund (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, payment_id TEXT NOT NULL REFERENCES payment (id),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL, merchant_reference TEXT, metadata TEXT NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE, status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  will_fail_with TEXT, failure_code TEXT, settlement_reference TEXT, settle_due_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, settled_ms INTEGER
) STRICT;
CREATE INDEX refund_due ON refund (settle_due_ms) WHERE status = 'pending';
CREATE INDEX refund_settled ON refund (settled_ms);
INSERT INTO payment (id, amount_minor, currency, method, merchant_reference, refunded_minor, created_ms)
VALUES ('pay_old', 400, 'GBP', 'card', '536365', 400, 1769850000000);
INSERT INTO refund (row_number, id, payment_id, amount_minor, currency, metadata, idempotency_key, status, settlement_reference, settle_due_ms,
  created_ms, updated_ms, settled_ms)
VALUES (7, 're_old', 'pay_old', 400, 'GBP', '{}', 'old-key', 'succeeded', 'SET-20260131-00000007', 1, 1769850000000, 1769850000000, 1769850000000);
"""
