"""Bad input over HTTP: each gets an answer that says what is wrong and what to do, and harms nothing."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from contracts.roles import Role
from contracts.scenes import Scene
from deploy.local.stack.running import RunningStack
from services.kit import webhooks
from tests.support.shop import AGENT, DEMO_SHOP, HIGH_STREET, Shop, an_order_snapshot, refusal

pytestmark = [pytest.mark.engines, pytest.mark.e2e]
MEBIBYTE = 2**20
CHUNK = b"\xff" * 65536


async def test_malformed_json_is_400_whoever_reads_it(shop: Shop) -> None:
    storefront = shop.storefront(DEMO_SHOP)
    for method, path in (("PUT", "/v1/orders/X1"), ("POST", "/v1/cases"), ("POST", "/v1/orders/batch"), ("POST", "/v1/customer-tokens")):
        for body in (b'{"number": ', b"\xff\xfe"):
            refusal(await storefront.ask(method, path, body, key=uuid4().hex), 400, "malformed_json")
    warehouse = shop.staff("logistics", Role.WAREHOUSE_SUPERVISOR)
    refusal(await warehouse.ask("POST", "/v1/receipts", b"{", key=uuid4().hex), 400, "malformed_json")
    director = shop.staff("workflow", Role.DUTY_DIRECTOR)
    refusal(await director.ask("POST", f"/v1/approvals/{uuid4()}/decision", b"{", key=uuid4().hex), 400, "malformed_json")


async def test_an_unknown_order_is_404_and_says_how_to_send_it(shop: Shop) -> None:
    body = {"order_number": "NO-SUCH-ORDER", "scene": "return.no_reason", "lines": [{"line_id": "1", "quantity": 1}]}
    told = refusal(await shop.storefront(DEMO_SHOP).ask("POST", "/v1/cases", body, key=uuid4().hex), 404, "order_not_found")
    assert "PUT /v1/orders/" in told["detail"]
    elsewhere = await shop.an_order(HIGH_STREET)
    foreign = refusal(
        await shop.storefront(DEMO_SHOP).ask("POST", "/v1/cases", body | {"order_number": elsewhere.number}, key=uuid4().hex),
        404,
        "order_not_found",
    )
    assert (foreign["title"], foreign["status"]) == (told["title"], told["status"])


async def test_wrong_quantities_are_told_line_by_line(shop: Shop) -> None:
    """R-INT-07: no more than was delivered and is not claimed yet."""
    order = await shop.an_order(HIGH_STREET)
    customer = await shop.customer(order)

    async def claim(*lines: tuple[str, int]) -> httpx2.Response:
        claimed = [{"line_id": line, "quantity": quantity} for line, quantity in lines]
        body = {"order_number": order.number, "scene": Scene.RETURN_NO_REASON, "lines": claimed}
        return await customer.ask("POST", "/v1/cases", body, key=uuid4().hex)

    too_many = refusal(await claim(("1", 4)), 422, "invalid_lines")
    assert [error["pointer"] for error in too_many["errors"]] == ["/lines/0/quantity"]
    assert "3" in too_many["errors"][0]["detail"]
    unknown = refusal(await claim(("1", 1), ("7", 1)), 422, "invalid_lines")
    assert [error["pointer"] for error in unknown["errors"]] == ["/lines/1/line_id"]
    for line in (("1", 0), ("1", -1)):
        assert refusal(await claim(line), 422, "invalid_request")["errors"][0]["pointer"] == "/lines/0/quantity"
    refusal(await claim(), 422, "invalid_request")
    assert (await customer.get("/v1/cases"))["items"] == []


async def test_a_foreign_case_is_as_if_there_were_none(shop: Shop) -> None:
    case = await shop.open_case(await shop.an_order(HIGH_STREET))
    await case.until("offer_pending")
    neighbour = await shop.customer(await shop.an_order(HIGH_STREET))
    strangers = [neighbour, shop.storefront(DEMO_SHOP), shop.staff("intake", AGENT, merchants=[DEMO_SHOP])]
    for stranger in strangers:
        for method, path in (("GET", ""), ("POST", "/withdrawal"), ("POST", "/reopening"), ("POST", "/evidence")):
            about_this = refusal(await stranger.ask(method, f"{case.path}{path}"), 404, "case_not_found")
            about_none = refusal(await stranger.ask(method, f"/v1/cases/{uuid4()}{path}"), 404, "case_not_found")
            assert about_this | {"trace_id": ""} == about_none | {"trace_id": ""}
        listed = await stranger.get("/v1/cases", case_number=case.number)
        assert listed["items"] == []
    nobody = await shop.nobody("intake").ask("GET", case.path)
    refusal(nobody, 401, "not_authenticated")
    assert (await case.read())["status"] == "offer_pending"


async def test_webhooks_with_a_wrong_signature_or_an_old_time_are_refused_and_repeats_change_nothing(shop: Shop) -> None:
    number, secret = f"E{uuid4().hex[:10]}", shop.webhook_secret(DEMO_SHOP)
    body = json.dumps({"type": "order.updated", "timestamp": "2026-01-01T00:00:00Z", "data": an_order_snapshot(number)}).encode()
    anybody = shop.nobody("intake")

    async def send(body: bytes, headers: dict[str, str]) -> httpx2.Response:
        return await anybody.ask("POST", "/v1/webhooks/orders", body, params={"merchant_id": DEMO_SHOP}, headers=headers)

    now = datetime.now(UTC)
    message_id = f"msg_{uuid4().hex}"
    wrong = webhooks.sign(webhooks.generate_secret(), message_id, body, now)
    refusal(await send(body, wrong), 401, "webhook_signature_invalid")
    refusal(await send(body.replace(b"Mug", b"Jug"), webhooks.sign(secret, message_id, body, now)), 401, "webhook_signature_invalid")
    for age in (timedelta(minutes=6), timedelta(minutes=-6)):
        refusal(await send(body, webhooks.sign(secret, message_id, body, now - age)), 401, "webhook_timestamp_stale")
    assert (await shop.storefront(DEMO_SHOP).ask("GET", f"/v1/orders/{number}")).status_code == 404
    good = webhooks.sign(secret, message_id, body, now)
    first, second = await send(body, good), await send(body, good)
    assert (first.status_code, first.json()["result"]) == (200, "recorded")
    assert (second.content, second.headers["idempotent-replayed"]) == (first.content, "true")
    other = body.replace(b"Mug", b"Jug")
    refusal(await send(other, webhooks.sign(secret, message_id, other, now)), 422, "idempotency_key_reused")


async def test_forged_words_of_the_payment_provider_and_the_carrier_are_refused(shop: Shop) -> None:
    body = json.dumps({"type": "refund.succeeded", "timestamp": "2026-01-01T00:00:00Z", "data": {"id": "re_1"}}).encode()
    for service, path in (("workflow", "/v1/providers/sandbox/webhooks"), ("logistics", "/v1/carriers/sandbox/webhooks")):
        forged = webhooks.sign(webhooks.generate_secret(), "evt_1", body, datetime.now(UTC))
        refusal(await shop.nobody(service).ask("POST", path, body, headers=forged), 401, "webhook_signature_invalid")


async def test_an_idempotency_key_is_for_one_body(shop: Shop) -> None:
    """R-INT-06."""
    order, key = await shop.an_order(HIGH_STREET), uuid4().hex
    customer = await shop.customer(order)
    body = {"order_number": order.number, "scene": "return.no_reason", "lines": [{"line_id": "1", "quantity": 1}]}
    refusal(await customer.ask("POST", "/v1/cases", body), 400, "idempotency_key_required")
    first = await customer.ask("POST", "/v1/cases", body, key=key)
    again = await customer.ask("POST", "/v1/cases", body, key=key)
    assert (first.status_code, again.status_code, again.content) == (202, 202, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = body | {"lines": [{"line_id": "1", "quantity": 2}]}
    refusal(await customer.ask("POST", "/v1/cases", other, key=key), 422, "idempotency_key_reused")
    assert len((await customer.get("/v1/cases"))["items"]) == 1


async def test_a_gigabyte_is_answered_413_and_fills_neither_memory_nor_disk(stack: RunningStack, shop: Shop) -> None:
    """Both with its length declared and without; a client that sends everything before it reads still gets the answer."""
    case = await shop.open_case(await shop.an_order(), Scene.QUALITY_DEFECT, units=1)
    pid = stack.pid("intake")
    files = Path(stack.settings("intake")["AFTERSALES_INTAKE_EVIDENCE_DIR"])
    before, sizes = peak_memory(pid), disk_use(files)
    declared = {"Content-Type": "image/jpeg", "Content-Length": str(2**30)}
    for path in (f"{case.path}/evidence?kind=photo&shows=goods", "/v1/cases"):
        for headers in (declared, {"Content-Type": "image/jpeg"}):
            answer = await case.customer.ask("POST", path, key=uuid4().hex, content=a_gigabyte(), headers=headers)
            assert "bytes" in refusal(answer, 413, "body_too_large")["detail"]
    assert stack.pid("intake") == pid
    assert peak_memory(pid) - before < 64 * MEBIBYTE
    assert disk_use(files) == sizes
    assert (await case.read())["evidence"] == []


async def a_gigabyte() -> AsyncIterator[bytes]:
    for _ in range(2**30 // len(CHUNK)):
        yield CHUNK


def peak_memory(pid: int | None) -> int:
    """The most memory a process ever had, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"the system says nothing about the memory of {pid}")


def disk_use(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


async def test_what_is_no_picture_is_refused_whatever_its_name(shop: Shop) -> None:
    case = await shop.open_case(await shop.an_order(), Scene.QUALITY_DEFECT, units=1)
    params, text = {"kind": "photo", "shows": "goods"}, b"This is a letter, not a photograph.\n"
    raw = await case.customer.ask("POST", f"{case.path}/evidence", text, params=params, headers={"Content-Type": "image/jpeg"})
    told = refusal(raw, 415, "unsupported_evidence")
    assert "JPEG" in told["detail"]
    files = {"file": ("photo.jpg", text, "image/jpeg")}
    refusal(await case.customer.ask("POST", f"{case.path}/evidence", params=params, files=files), 415, "unsupported_evidence")
    pretender = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + text
    refusal(await case.customer.ask("POST", f"{case.path}/evidence", pretender, params=params), 415, "unsupported_evidence")
    assert (await case.read())["evidence"] == []
