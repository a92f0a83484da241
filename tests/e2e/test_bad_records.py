"""Bad records on Kafka: each becomes a quarantine row with its reason, holds back its own key only, and an operator replays or drops it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from contracts.case_v1 import CaseWithdrawn, OpenedBy
from contracts.envelope import Envelope, to_headers
from contracts.events import EventBody
from contracts.identifiers import CaseId, EventId, MerchantId
from contracts.topics import Topic
from deploy.local.stack.running import RunningStack
from tests.support.shop import DEMO_SHOP, HIGH_STREET, Shop, an_order_snapshot
from tests.support.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.e2e]
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Row:
    """A line of ``aftersales quarantine list``."""

    number: str
    kind: str
    key: str
    tries: int
    state: str
    reason: str


class Operator:
    """Somebody with a shell in the home of the stack."""

    def __init__(self, stack: RunningStack) -> None:
        self._environment = {**os.environ, "AFTERSALES_HOME": str(stack.home), "COLUMNS": "400"}

    async def quarantine(self, *arguments: str) -> str:
        """Run ``aftersales quarantine …``, which must succeed; what it prints."""
        command = [sys.executable, "-m", "services.cli", "quarantine", *arguments]
        process = await asyncio.create_subprocess_exec(
            *command, env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0, printed.decode()
        return printed.decode()

    async def rows(self, service: str, *options: str) -> dict[str, list[Row]]:
        """The rows that ``list`` shows, by key, in order."""
        found: dict[str, list[Row]] = {}
        for line in (await self.quarantine("list", "--service", service, "--limit", "500", *options)).splitlines():
            cells = [cell.strip() for cell in line.split("│")][1:-1]
            if cells and cells[0].isdigit():
                number, _since, kind, _topic, key, tries, state, reason = cells
                found.setdefault(key, []).append(Row(number, kind, key, int(tries), state, reason))
        return found

    async def until_rows(self, service: str, *keys: str) -> dict[str, list[Row]]:
        """The same, once there are rows of these keys."""
        rows: dict[str, list[Row]] = {}

        async def there() -> bool:
            nonlocal rows
            rows = await self.rows(service)
            return set(keys) <= rows.keys()

        await eventually(there, f"rows of {keys} in the quarantine of {service}")
        return rows


@pytest.fixture
def operator(stack: RunningStack) -> Operator:
    return Operator(stack)


@pytest.fixture
async def producer(stack: RunningStack) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=stack.state["kafka_bootstrap_servers"], acks="all") as producer:
        yield producer


def a_withdrawal(case_id: CaseId) -> EventBody:
    by = OpenedBy(kind="customer")
    return CaseWithdrawn(merchant_id=MerchantId(HIGH_STREET), case_id=case_id, withdrawn_at=datetime.now(UTC), withdrawn_by=by)


def headers(key: str, event_type: str = CaseWithdrawn.event_type, **changes: bytes) -> Headers:
    """The headers of a record, some of them replaced."""
    envelope = Envelope(EventId(uuid4()), event_type, "aftersales/intake", key, datetime.now(UTC), 1, MerchantId(HIGH_STREET), test=True)
    return [(name, changes.get(name, value)) for name, value in to_headers(envelope)]


async def test_bad_case_records_are_put_aside_with_their_reasons_and_other_cases_go_on(
    shop: Shop, operator: Operator, producer: AIOKafkaProducer
) -> None:
    no_json, bad_header, unknown_type, unknown_version, no_headers, misfit = (str(uuid4()) for _ in range(6))
    good_body = a_withdrawal(CaseId(uuid4())).model_dump_json().encode()
    bad: dict[str, tuple[bytes, Headers]] = {
        no_json: (b"{this is no JSON", headers(no_json)),
        bad_header: (good_body, headers(bad_header, ce_source=b"\xff\xfe\x00")),
        unknown_type: (good_body, headers(unknown_type, "aftersales.case.teleported.v1")),
        unknown_version: (good_body, headers(unknown_version, "aftersales.case.opened.v9")),
        no_headers: (good_body, []),
        misfit: (json.dumps({"merchant_id": HIGH_STREET, "case_id": misfit}).encode(), headers(misfit)),
    }
    for key, (value, its_headers) in bad.items():
        await producer.send_and_wait(Topic.CASE, value, key=key.encode(), headers=its_headers)
    await producer.send_and_wait(Topic.CASE, good_body, key=None, headers=[])
    order = await shop.an_order(HIGH_STREET)
    cases = [await shop.open_case(order, units=1), await shop.open_case(await shop.an_order(HIGH_STREET))]
    for case in cases:
        await case.until("offer_pending", has="offer")

    rows = await operator.until_rows("workflow", *bad)
    expected = {
        no_json: ("malformed", "Invalid JSON"),
        bad_header: ("malformed", "header ce_source is not UTF-8"),
        unknown_type: ("unknown_type", "unknown event type 'aftersales.case.teleported.v1'"),
        unknown_version: ("unknown_type", "unknown event type 'aftersales.case.opened.v9': deploy the consumer that knows it, then replay"),
        no_headers: ("malformed", "ce_specversion must be 1.0"),
        misfit: ("malformed", "withdrawn_at: Field required"),
    }
    for key, (kind, reason) in expected.items():
        (row,) = rows[key]
        assert (row.kind, row.state) == (kind, "open")
        assert reason in row.reason
    assert any("no usable key" in row.reason for row in rows["-"])
    shown = await operator.quarantine("show", rows[no_json][0].number, "--service", "workflow")
    assert "{this is no JSON" in shown


async def test_a_held_key_goes_on_when_what_held_it_is_dropped_and_a_replay_says_why_it_failed_again(
    operator: Operator, producer: AIOKafkaProducer
) -> None:
    case_id = CaseId(uuid4())
    key = str(case_id)
    await producer.send_and_wait(Topic.CASE, b"[]", key=key.encode(), headers=headers(key))
    later = a_withdrawal(case_id).model_dump_json().encode()
    await producer.send_and_wait(Topic.CASE, later, key=key.encode(), headers=headers(key))

    async def both() -> list[Row] | None:
        rows = (await operator.rows("workflow")).get(key, [])
        return rows if len(rows) == 2 else None

    first, second = await eventually(both, "both records in quarantine")
    assert (first.kind, second.kind) == ("malformed", "held")
    await operator.quarantine("replay", first.number, "--service", "workflow")
    failed, held = (await operator.rows("workflow"))[key]
    assert (failed.number, failed.state, failed.tries) == (first.number, "open", first.tries + 1)
    assert (held.number, held.kind) == (second.number, "held")
    await operator.quarantine("drop", first.number, "--service", "workflow", "--reason", "sent by mistake")

    async def tried() -> Row | None:
        row = (await operator.rows("workflow"))[key][0]
        return row if row.kind == "permanent" else None

    judged = await eventually(tried, "what was held to be tried")
    assert judged.number == second.number
    assert "its opening must come first" in judged.reason
    await operator.quarantine("drop", judged.number, "--service", "workflow", "--reason", "there is no such case")
    assert key not in await operator.rows("workflow")
    resolved = (await operator.rows("workflow", "--resolved", "--key", key))[key]
    assert [row.state for row in resolved] == ["dropped: sent by mistake", "dropped: there is no such case"]


async def test_bad_storefront_orders_are_put_aside_and_the_good_ones_behind_them_come_in_once_they_are_dropped(
    shop: Shop, operator: Operator, producer: AIOKafkaProducer
) -> None:
    held, misspelt, good = (f"E{uuid4().hex[:10]}" for _ in range(3))
    nobody = f"no-such-merchant:{uuid4().hex[:10]}"
    storefront = shop.storefront(DEMO_SHOP)

    async def send(key: str, value: bytes) -> None:
        await producer.send_and_wait(Topic.STOREFRONT_ORDER, value, key=key.encode())

    async def status(number: str) -> int:
        return (await storefront.ask("GET", f"/v1/orders/{number}")).status_code

    def snapshot(number: str, **changes: str) -> bytes:
        return json.dumps(an_order_snapshot(number) | changes).encode()

    await send(f"{DEMO_SHOP}:{held}", b"\x00\xffnot JSON")
    await send(f"{DEMO_SHOP}:{held}", snapshot(held))
    await send(f"{DEMO_SHOP}:{misspelt}", snapshot(misspelt, custommer_id="1"))
    await send(nobody, snapshot("1"))
    await send(f"{DEMO_SHOP}:{good}", snapshot(good))

    async def good_is_in() -> bool:
        return await status(good) == 200

    await eventually(good_is_in, "the good order")
    rows = await operator.until_rows("intake", f"{DEMO_SHOP}:{held}", f"{DEMO_SHOP}:{misspelt}", nobody)
    assert (rows[f"{DEMO_SHOP}:{held}"][0].kind, rows[f"{DEMO_SHOP}:{held}"][0].reason) == ("malformed", "the value is not JSON")
    assert "/custommer_id" in rows[f"{DEMO_SHOP}:{misspelt}"][0].reason
    assert "configured merchant" in rows[nobody][0].reason
    assert await status(held) == 404
    await operator.quarantine("drop", rows[f"{DEMO_SHOP}:{held}"][0].number, "--service", "intake", "--reason", "no JSON")

    async def held_is_in() -> bool:
        return await status(held) == 200

    await eventually(held_is_in, "the order that was held back")
    done = (await operator.rows("intake", "--resolved", "--key", f"{DEMO_SHOP}:{held}"))[f"{DEMO_SHOP}:{held}"]
    assert [row.state for row in done] == ["dropped: no JSON", "replayed"]
