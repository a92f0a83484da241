"""The carrier books once per key, lets no impossible scan pass, and tells every scan."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from deploy.local.sandbox.carrier.waybill import check_digit
from tests.support.sandbox import WEBHOOK_SECRET, Receiver, SandboxServer, a_sandbox, wait_for

ADDRESS = {"name": "A. Customer", "lines": ["1 High Street"], "city": "Leeds", "postcode": "LS1 1AA", "country": "GB"}
WAY = ["handed_in", "in_transit", "out_for_delivery", "delivered"]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[SandboxServer]:
    with a_sandbox("carrier", tmp_path_factory.mktemp("carrier"), SANDBOX_CARRIER_WEBHOOK_URL=receiver.url) as server:
        yield server


@pytest.fixture
def api(carrier: SandboxServer) -> Iterator[httpx2.Client]:
    with carrier.client() as client:
        client.post("/admin/reset-faults").raise_for_status()
        client.put("/admin/behaviour", json={}).raise_for_status()
        yield client


def try_booking(api: httpx2.Client, kind: str = "return", key: str | None = None, **changes: Any) -> httpx2.Response:
    body = {"kind": kind, "merchant_reference": "C-1", "service": "standard", "parcel": {"weight_grams": 850}, **changes}
    return api.post("/v1/shipments", json=body, headers={"idempotency-key": key or uuid4().hex})


def book(api: httpx2.Client, kind: str = "return", **changes: Any) -> dict[str, Any]:
    answer = try_booking(api, kind, **changes)
    assert answer.status_code == 201, answer.text
    shipment: dict[str, Any] = answer.json()
    return shipment


def scan(api: httpx2.Client, shipment: dict[str, Any], status: str, **changes: Any) -> httpx2.Response:
    return api.post(f"/v1/shipments/{shipment['waybill']}/scans", json={"status": status, **changes})


def told(receiver: Receiver, shipment: dict[str, Any]) -> list[dict[str, Any]]:
    events = (webhook.event["data"] for webhook in receiver.received)
    return [event for event in events if event["waybill"] == shipment["waybill"]]


def told_times(receiver: Receiver, shipment: dict[str, Any], count: int) -> bool:
    return len(told(receiver, shipment)) == count


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_the_check_digit_is_that_of_the_postal_union() -> None:
    # The worked example of UPU S10: serial 47312482 has check digit 9.
    assert check_digit(47312482) == 9


def test_a_booking_has_a_waybill_of_its_own_with_a_right_check_digit(api: httpx2.Client) -> None:
    waybills = [book(api)["waybill"], book(api, "outbound", to=ADDRESS)["waybill"]]
    assert len(set(waybills)) == 2
    for waybill in waybills:
        match = re.fullmatch(r"(?:CE|CR)(\d{8})(\d)ZZ", waybill)
        assert match is not None
        assert check_digit(int(match[1])) == int(match[2])


def test_the_same_key_books_one_parcel(api: httpx2.Client) -> None:
    first, second = (try_booking(api, key="label-1") for _ in range(2))
    assert second.content == first.content
    assert code_of(try_booking(api, key="label-1", from_postcode="LS1")) == (409, "idempotency_conflict")


def test_a_lost_answer_leaves_a_booking_that_the_look_up_finds(api: httpx2.Client) -> None:
    api.patch("/admin/faults", json={"drop_answer_rate": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        try_booking(api, key="label-2", merchant_reference="C-lost")
    api.post("/admin/reset-faults")
    [found] = api.get("/v1/shipments", params={"merchant_reference": "C-lost"}).json()["data"]
    assert try_booking(api, key="label-2", merchant_reference="C-lost").json()["waybill"] == found["waybill"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"kind": "outbound"}, (422, "address_required")),
        ({"service": "teleport"}, (400, "invalid_request")),
        ({"parcel": {"weight_grams": 0}}, (400, "invalid_request")),
        ({"to": {**ADDRESS, "country": "Britain"}}, (400, "invalid_request")),
    ],
)
def test_a_booking_that_cannot_be_is_refused_with_its_reason(api: httpx2.Client, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert code_of(try_booking(api, **changes)) == refusal


def test_scans_are_told_in_order_and_signed(api: httpx2.Client, receiver: Receiver) -> None:
    shipment = book(api)
    for status in WAY:
        assert scan(api, shipment, status, place="Depot 1", occurred_at="2026-01-31T10:30:00+01:00").status_code == 201
    wait_for(lambda: len(told(receiver, shipment)) == len(WAY))
    events = told(receiver, shipment)
    assert [event["status"] for event in events] == WAY
    assert [event["scan"]["sequence"] for event in events] == [1, 2, 3, 4]
    assert events[0]["scan"]["occurred_at"] == "2026-01-31T09:30:00.000Z"
    assert api.get(f"/v1/shipments/{shipment['id']}").json()["scans"] == [event["scan"] for event in events]
    for webhook in receiver.received:
        Webhook(WEBHOOK_SECRET).verify(webhook.body, webhook.headers)


def test_reordered_scans_all_come_with_their_sequence(api: httpx2.Client, receiver: Receiver) -> None:
    api.put("/admin/faults", json={"webhook_reorder": True, "webhook_duplicate_rate": 1})
    shipments = [book(api) for _ in range(3)]
    for shipment in shipments:
        for status in WAY:
            scan(api, shipment, status)
    for shipment in shipments:
        wait_for(partial(told_times, receiver, shipment, 2 * len(WAY)))
        assert sorted(event["scan"]["sequence"] for event in told(receiver, shipment)) == [1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("before", "impossible"),
    [([], "lost"), ([], "damaged"), (["handed_in"], "handed_in"), (["delivered"], "in_transit"), (["handed_in", "lost"], "lost")],
)
def test_a_scan_that_cannot_follow_is_refused(api: httpx2.Client, before: list[str], impossible: str) -> None:
    shipment = book(api)
    for status in before:
        assert scan(api, shipment, status).status_code == 201
    assert code_of(scan(api, shipment, impossible)) == (409, "scan_not_possible")


def test_a_scan_with_a_key_is_written_once(api: httpx2.Client) -> None:
    shipment = book(api)
    for _ in range(2):
        path, key = f"/v1/shipments/{shipment['waybill']}/scans", {"idempotency-key": "scan-1"}
        answer = api.post(path, json={"status": "in_transit"}, headers=key)
    assert len(answer.json()["scans"]) == 1


def test_a_booked_parcel_can_be_cancelled_again_and_again_but_not_one_on_its_way(api: httpx2.Client) -> None:
    shipment, moving = book(api), book(api)
    for _ in range(2):
        assert api.post(f"/v1/shipments/{shipment['waybill']}/cancel").json()["status"] == "cancelled"
    assert code_of(scan(api, shipment, "handed_in")) == (409, "scan_not_possible")
    scan(api, moving, "handed_in")
    assert code_of(api.post(f"/v1/shipments/{moving['waybill']}/cancel")) == (409, "cancel_not_possible")


def test_another_carriers_waybill_is_followed_once(api: httpx2.Client, receiver: Receiver) -> None:
    body = {"kind": "return", "carrier": "SF Express", "waybill": "SF1234567890", "merchant_reference": "C-2"}
    followed = api.post("/v1/trackings", json=body, headers={"idempotency-key": "t-1"}).json()
    assert (followed["carrier"], followed["waybill"], followed["status"]) == ("SF Express", "SF1234567890", "booked")
    assert code_of(api.post("/v1/trackings", json=body, headers={"idempotency-key": "t-2"})) == (409, "waybill_taken")
    scan(api, followed, "delivered")
    assert wait_for(lambda: told(receiver, followed))[0]["carrier"] == "SF Express"


def test_parcels_travel_by_themselves_when_told_to_and_returns_once_handed_in(api: httpx2.Client) -> None:
    outbound, handed_in, waiting = book(api, "outbound", to=ADDRESS), book(api), book(api)
    scan(api, handed_in, "handed_in")
    api.put("/admin/behaviour", json={"auto_progress": True, "step_ms": 10}).raise_for_status()

    def status(shipment: dict[str, Any]) -> str:
        return str(api.get(f"/v1/shipments/{shipment['id']}").json()["status"])

    wait_for(lambda: status(outbound) == status(handed_in) == "delivered")
    assert [one["status"] for one in api.get(f"/v1/shipments/{outbound['id']}").json()["scans"]] == WAY
    assert status(waiting) == "booked"


def test_carriage_is_priced_by_weight_service_and_distance(api: httpx2.Client) -> None:
    def price(**changes: Any) -> int:
        body = {"kind": "return", "service": "standard", "weight_grams": 500, "currency": "GBP", **changes}
        return int(api.post("/v1/quotes", json=body).json()["amount_minor"])

    assert price() < price(weight_grams=501) < price(weight_grams=501, service="express")
    assert price() == price(from_country="GB", to_country="GB") < price(from_country="GB", to_country="FR")
    answer = api.post("/v1/quotes", json={"kind": "return", "weight_grams": 500, "currency": "JPY"})
    assert code_of(answer) == (422, "currency_not_supported")


def test_the_tracking_page_tells_where_a_parcel_is_without_a_key(api: httpx2.Client) -> None:
    shipment = book(api)
    scan(api, shipment, "in_transit", place="<b>Depot</b>")
    page = httpx2.get(shipment["tracking_url"], trust_env=False).text
    assert shipment["waybill"] in page
    assert "&lt;b&gt;Depot" in page


def test_bookings_scans_and_behaviour_outlive_kill_9(tmp_path: Path) -> None:
    with a_sandbox("carrier", tmp_path) as server:
        with server.client() as api:
            shipment = book(api, "outbound", to=ADDRESS)
            scan(api, shipment, "handed_in")
            api.put("/admin/behaviour", json={"auto_progress": True, "step_ms": 300})
        server.kill_and_restart()
        with server.client() as api:
            wait_for(lambda: api.get(f"/v1/shipments/{shipment['waybill']}").json()["status"] == "delivered")
            assert len(api.get("/admin/webhooks").json()["data"]) == len(WAY)
            assert book(api)["waybill"] != shipment["waybill"]
