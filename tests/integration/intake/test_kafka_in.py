"""Kafka in: orders of the storefront's own topic, facts of the other services, and records that are neither, with the stream of other keys going on."""

import json
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from contracts.case_state import CaseStatus
from contracts.topics import Topic
from services.kit.broker import make_producer
from services.kit.consumer import Consumers
from services.kit.outbox import OutgoingEvent
from tests.integration.intake.desk import Desk, a_number, a_snapshot
from tests.integration.intake.story import an_evidence_request, an_offer
from tests.integration.kit.support import produce, running, until
from tests.support.waiting import eventually

pytestmark = pytest.mark.engines


@pytest.fixture
async def producer(kafka_topics: str) -> AsyncIterator[AIOKafkaProducer]:
    made = make_producer(kafka_topics)
    await made.start()
    yield made
    await made.stop()


async def _reasons(desk: Desk, key: str) -> list[str]:
    rows = await desk.house.pool.fetch("SELECT reason FROM quarantine WHERE key = $1 ORDER BY id", key.encode())
    return [row["reason"] for row in rows]


async def test_orders_arrive_from_the_storefronts_topic(desk: Desk, consumers: Consumers, producer: AIOKafkaProducer) -> None:
    number = a_number()
    for version in (2, 1, 2):
        await producer.send_and_wait(
            Topic.STOREFRONT_ORDER.value, json.dumps(a_snapshot(number, version)).encode(), key=f"demo-shop:{number}".encode()
        )

    async with running(consumers):
        await eventually(lambda: desk.house.pool.fetchval("SELECT order_version FROM orders WHERE number = $1", number), "the order")

    assert (await desk.order_on_record(number)).order_version == 2
    assert len(await desk.contacts(f"customer-of-{number}")) == 1


async def test_records_that_are_no_orders_are_put_aside_with_their_reason_and_the_stream_goes_on(
    desk: Desk, consumers: Consumers, producer: AIOKafkaProducer
) -> None:
    topic = Topic.STOREFRONT_ORDER.value
    no_json, no_merchant, no_order, other_number, conflict, good = (a_number() for _ in range(6))
    await desk.an_order(conflict, version=4)
    records = [
        (f"demo-shop:{no_json}", b"no json at all"),
        (f"nobody:{no_merchant}", json.dumps(a_snapshot(no_merchant)).encode()),
        (f"demo-shop:{no_order}", json.dumps({"number": no_order, "phone": "07911 123456"}).encode()),
        (f"demo-shop:{other_number}", json.dumps(a_snapshot(good)).encode()),
        (f"demo-shop:{conflict}", json.dumps(a_snapshot(conflict, 4, status="cancelled")).encode()),
        (f"demo-shop:{good}", json.dumps(a_snapshot(good)).encode()),
    ]
    for key, value in records:
        await producer.send_and_wait(topic, value, key=key.encode(), headers=[("broken", b"\xff\xfe")])

    async with running(consumers):
        await eventually(lambda: desk.house.pool.fetchval("SELECT 1 FROM orders WHERE number = $1", good), "the good order")

    expected = ["not JSON", "configured merchant", "invalid_order", "not the one in the key", "order_version_conflict"]
    for (key, _value), words in zip(records[:5], expected, strict=True):
        [reason] = await _reasons(desk, key)
        assert words in reason
        assert "07911" not in reason
    assert await _reasons(desk, records[5][0]) == []


async def test_facts_of_other_services_become_the_view_and_strange_ones_are_put_aside(
    desk: Desk, consumers: Consumers, producer: AIOKafkaProducer
) -> None:
    case, other = await desk.a_case(), await desk.a_case()
    await produce(producer, OutgoingEvent(body=an_evidence_request(case)), 1)
    await produce(producer, OutgoingEvent(body=an_offer(other)), 1, type="aftersales.resolution.offer_made.v9")
    await produce(producer, OutgoingEvent(body=an_offer(other)), 2, value=b'{"offer_id": 1}')
    offer = an_offer(case)
    await produce(producer, OutgoingEvent(body=offer), 2)

    async with running(consumers):

        async def offered() -> bool:
            return bool((await desk.look(case["case_id"]))["status"] == CaseStatus.OFFER_PENDING)

        await until(offered)
        await until(lambda: _reasons(desk, other["case_id"]))

    seen = await desk.look(case["case_id"])
    assert seen["offer"]["offer_id"] == str(offer.offer_id)
    assert [entry["code"] for entry in seen["timeline"]] == ["case.opened", "resolution.evidence_requested", "resolution.offer_made"]
    assert (await desk.look(other["case_id"]))["status"] == "submitted"
    reasons = await _reasons(desk, other["case_id"])
    assert "unknown event type" in reasons[0]
