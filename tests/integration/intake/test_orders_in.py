"""Orders come in by whole snapshots; the highest version wins, whatever the order of arrival."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest

from contracts.order_v1 import OrderRecorded
from contracts.storefront_v1 import Contact
from services.kit import webhooks
from services.kit.sealing import Sealer, SealError
from tests.integration.intake.conftest import WEBHOOK_SECRET
from tests.integration.intake.desk import Desk, a_number, a_snapshot, is_problem

pytestmark = pytest.mark.engines


async def test_a_new_order_is_recorded_and_published_without_its_contact(desk: Desk) -> None:
    number = a_number()

    answer = await desk.http.put(f"/v1/orders/{number}", json=a_snapshot(number), headers=desk.merchant())

    assert answer.status_code == 201
    assert answer.json()["result"] == "recorded"
    [event] = await desk.published(answer.json()["order_id"])
    assert isinstance(event, OrderRecorded)
    assert event.order.number == number
    row = await desk.house.pool.fetchval("SELECT to_jsonb(orders)::text FROM orders WHERE number = $1", number)
    sent = await desk.house.pool.fetchval("SELECT string_agg(convert_from(value, 'UTF8'), '') FROM outbox")
    for secret in ("Ann", "Example@", "07911", "Wharf"):
        assert secret not in row
        assert secret not in sent


async def test_the_contact_leaves_sealed_and_opens_for_its_customer_only(desk: Desk) -> None:
    number = await desk.an_order()

    [event] = await desk.contacts(f"customer-of-{number}")

    assert event is not None
    assert desk.house.settings.contact_key is not None
    sealer = Sealer.parse(desk.house.settings.contact_key.get_secret_value())
    contact = Contact.model_validate_json(sealer.open(event.sealed, str(event.customer_ref)))
    assert contact.name == "Ann Example"
    assert event.key_id == "k1"
    with pytest.raises(SealError):
        sealer.open(event.sealed, "somebody else")


async def test_the_highest_version_wins_whatever_the_order_of_arrival(desk: Desk) -> None:
    number = await desk.an_order(version=3, status="shipped")

    older = await desk.http.put(f"/v1/orders/{number}", json=a_snapshot(number, 2), headers=desk.merchant())
    newer = await desk.http.put(f"/v1/orders/{number}", json=a_snapshot(number, 5), headers=desk.merchant())

    assert (older.status_code, older.json()["result"], older.json()["superseded"], older.json()["order_version"]) == (
        200,
        "superseded",
        True,
        3,
    )
    assert (newer.status_code, newer.json()["result"]) == (200, "recorded")
    assert (await desk.order_on_record(number)).order_version == 5
    events = await desk.published(newer.json()["order_id"])
    assert [event.order.order_version for event in events if isinstance(event, OrderRecorded)] == [3, 5]


async def test_the_same_version_again_changes_nothing_and_with_another_body_conflicts(desk: Desk) -> None:
    number = a_number()
    snapshot = a_snapshot(number)
    await desk.http.put(f"/v1/orders/{number}", json=snapshot, headers=desk.merchant())

    again = await desk.http.put(f"/v1/orders/{number}", json=snapshot, headers=desk.merchant())
    other = await desk.http.put(f"/v1/orders/{number}", json=snapshot | {"status": "cancelled"}, headers=desk.merchant())

    assert (again.status_code, again.json()["result"]) == (200, "unchanged")
    assert is_problem(other, 409, "order_version_conflict")
    assert len(await desk.published(again.json()["order_id"])) == 1


async def test_a_contact_is_published_when_it_changes_and_an_older_order_does_not_bring_the_old_one_back(desk: Desk) -> None:
    customer = f"c-{uuid4().hex}"
    old = a_snapshot(a_number(), customer_id=customer)
    old["placed_at"] = "2025-01-01T00:00:00Z"
    old["contact"]["phone"] = "07911 999999"
    await desk.an_order(customer_id=customer)

    for snapshot in (old, a_snapshot(a_number(), customer_id=customer)):
        answer = await desk.http.put(f"/v1/orders/{snapshot['number']}", json=snapshot, headers=desk.merchant())
        assert answer.status_code == 201

    assert len(await desk.contacts(customer)) == 1


async def test_an_unknown_field_or_a_contradiction_is_refused_with_its_place(desk: Desk) -> None:
    number = a_number()

    misspelt = await desk.http.put(f"/v1/orders/{number}", json=a_snapshot(number) | {"shipment": []}, headers=desk.merchant())
    over = a_snapshot(number)
    over["shipments"][0]["lines"][0]["quantity"] = 9
    contradiction = await desk.http.put(f"/v1/orders/{number}", json=over, headers=desk.merchant())
    elsewhere = await desk.http.put(f"/v1/orders/{number}x", json=a_snapshot(number), headers=desk.merchant())
    broken = await desk.http.put(
        f"/v1/orders/{number}", content=b'{"number": ', headers=desk.merchant() | {"Content-Type": "application/json"}
    )

    assert is_problem(misspelt, 422, "invalid_request")
    assert misspelt.json()["errors"][0]["pointer"] == "/shipment"
    assert is_problem(contradiction, 422, "invalid_order")
    assert "9 units shipped" in contradiction.text
    assert is_problem(elsewhere, 422, "order_number_mismatch")
    assert is_problem(broken, 400, "malformed_json")


async def test_a_batch_takes_the_good_ones_and_names_the_bad_ones_by_index(desk: Desk) -> None:
    first, second = a_number(), a_number()
    lines = [
        json.dumps(a_snapshot(first, 1)),
        json.dumps(a_snapshot(first, 2)),
        "not json",
        json.dumps({"number": second}),
        json.dumps(a_snapshot(second)),
    ]

    answer = await desk.http.post(
        "/v1/orders/batch", content="\n".join(lines).encode(), headers=desk.merchant() | {"Content-Type": "application/x-ndjson"}
    )

    assert answer.status_code == 200
    body = answer.json()
    assert [(entry["status"], entry["result"]) for entry in body["results"]] == [
        (201, "recorded"),
        (200, "recorded"),
        (422, "rejected"),
        (422, "rejected"),
        (201, "recorded"),
    ]
    assert (body["recorded"], body["rejected"]) == (3, 2)
    assert (await desk.order_on_record(first)).order_version == 2
    assert is_problem(await desk.http.post("/v1/orders/batch", json=[], headers=desk.merchant()), 422, "invalid_batch")


async def _webhook(
    desk: Desk, body: bytes, message_id: str, *, at: datetime | None = None, secret: str = WEBHOOK_SECRET, merchant: str = "demo-shop"
) -> httpx2.Response:
    headers = webhooks.sign(secret, message_id, body, at)
    return await desk.http.post(f"/v1/webhooks/orders?merchant_id={merchant}", content=body, headers=headers)


async def test_a_signed_webhook_brings_an_order_and_its_replay_is_harmless(desk: Desk) -> None:
    number, message_id = a_number(), f"msg_{uuid4().hex}"
    body = json.dumps({"type": "order.delivered", "timestamp": "2026-01-01T00:00:00Z", "data": a_snapshot(number)}).encode()

    first = await _webhook(desk, body, message_id)
    again = await _webhook(desk, body, message_id)
    other = await _webhook(desk, body.replace(b"delivered", b"cancelled"), message_id)

    assert (first.status_code, first.json()["result"]) == (200, "recorded")
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert is_problem(other, 422, "idempotency_key_reused")
    assert len(await desk.published(first.json()["order_id"])) == 1


async def test_a_webhook_with_a_wrong_signature_or_a_stale_timestamp_is_refused(desk: Desk) -> None:
    body = json.dumps({"type": "order.placed", "data": a_snapshot(a_number())}).encode()
    now = datetime.now(UTC)

    wrong = await _webhook(desk, body, "msg_1", secret="whsec_" + "QUFB" * 8)
    stale = await _webhook(desk, body, "msg_2", at=now - timedelta(minutes=6))
    early = await _webhook(desk, body, "msg_3", at=now + timedelta(minutes=6))
    stranger = await _webhook(desk, body, "msg_4", merchant="nobody")
    malformed = await _webhook(desk, b"{", "msg_5")
    ignored = await _webhook(desk, b'{"type": "customer.created"}', "msg_6")

    assert is_problem(wrong, 401, "webhook_signature_invalid")
    assert is_problem(stale, 401, "webhook_timestamp_stale")
    assert is_problem(early, 401, "webhook_timestamp_stale")
    assert is_problem(stranger, 401, "webhook_signature_invalid")
    assert is_problem(malformed, 400, "malformed_json")
    assert ignored.json() == {"result": "ignored"}


async def test_an_order_needs_a_merchants_key(desk: Desk) -> None:
    number = a_number()

    nobody = await desk.http.put(f"/v1/orders/{number}", json=a_snapshot(number))
    wrong_key = await desk.http.put(f"/v1/orders/{number}", json=a_snapshot(number), headers={"X-Api-Key": "ak_wrong"})
    staff = await desk.http.put(f"/v1/orders/{number}", json=a_snapshot(number), headers=desk.staff())

    assert is_problem(nobody, 401, "not_authenticated")
    assert is_problem(wrong_key, 401, "not_authenticated")
    assert is_problem(staff, 403, "not_allowed")
