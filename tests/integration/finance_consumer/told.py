"""What finance is told: the events of real refunds, from the workflow service's own records by its own relay, on a topic of their own."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.quote import JournalLine, RefundUnits
from contracts.refund_v1 import PayoutKind
from services.kit.broker import make_producer
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.kit.relay import Relay
from services.kit.settings import ServiceSettings
from services.workflow.adapters import payouts
from services.workflow.adapters.manual_entries import post_manual
from services.workflow.adapters.paying_out import pay
from services.workflow.adapters.refund_orders import give_up, order_attempt
from services.workflow.payloads.refund import RefundTimers
from tests.support.builders import a_payment, an_order
from tests.support.waiting import eventually
from tests.support.workflow_records import RecordsDesk, an_issue, word

Balances = dict[tuple[str, str, str], int]
LIVES = (
    ("succeeded",),
    ("succeeded", "failed"),
    ("succeeded", "failed", "again", "succeeded"),
    ("failed", "give up"),
    ("succeeded", "failed", "give up"),
    ("failed", "again", "succeeded", "failed", "again", "succeeded", "failed"),
)
"""What becomes of refunds, step by step: what the provider says of the last attempt, and what finance orders."""


@dataclass(frozen=True, slots=True)
class Told:
    """The topic and what is on it, and what the ledger says: by merchant, currency and account, and the ids of its entries."""

    topic: str
    records: tuple[Any, ...]
    balances: Balances
    entries: frozenset[str]


async def live(desk: RecordsDesk, number: str, life: Iterable[str]) -> None:
    """Let a refund of three mugs, paid by card and voucher, have its life."""
    parts = (a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider_reference="pay_0002", method="voucher"))
    issue = an_issue(
        await desk.take(an_order(number, payments=parts)), RefundUnits(line_id="1", quantity=3), timers=RefundTimers(retry_count=0)
    )
    refund_id = issue.refund.refund_id
    await desk.request(issue)
    for step in life:
        if step in {"again", "give up"}:
            async with transaction(desk.pool) as conn:
                if step == "again":
                    await order_attempt(conn, desk.refunds, refund_id, "finn")
                else:
                    await give_up(conn, desk.refunds, desk.bookkeeper, refund_id, "customer_waived", "finn")
        else:
            last = {row["payment_id"]: row for row in await desk.submissions(refund_id)}
            for submission in last.values():
                await desk.record(word(submission, step))


async def beside_refunds(desk: RecordsDesk) -> None:
    """What finance does itself: it pays return freight, and books a claim against a carrier (R-FRT-14, R-CLM-03)."""
    case = await desk.take()
    payout_id, at = uuid4(), utc_now()
    async with transaction(desk.pool) as conn:
        header = await desk.cases.header(conn, case.case_id)
        asked: dict[str, Any] = {"kind": PayoutKind.FREIGHT_TOPUP, "amount_minor": 450, "reason": "faulty goods", "rule": "R-FRT-14"}
        await payouts.request(conn, desk.work_items, header, payout_id=payout_id, requested_by="sue", at=at, **asked)
    async with transaction(desk.pool) as conn:
        await pay(conn, desk.settlements, desk.bookkeeper, payout_id, "BANK-1", "finn", at)
    claim = (JournalLine(account="carrier.claims", amount_minor=850), JournalLine(account="carrier.recoveries", amount_minor=-850))
    async with transaction(desk.pool) as conn:
        await post_manual(conn, desk.bookkeeper, header, claim, document="CLAIM-1", reason="parcel lost", posted_by="finn", at=at)


async def tell(desk: RecordsDesk, dsn: str, bootstrap_servers: str, topic: str, merchants_file: Path) -> Told:
    """Send the refund events of the desk to a topic of their own by the relay, and read off what ledger and topic say then."""
    await make_topic(bootstrap_servers, topic)
    await desk.pool.execute("UPDATE outbox SET sent_at = now() WHERE topic <> 'aftersales.refund.v1'")
    await desk.pool.execute("UPDATE outbox SET topic = $1 WHERE sent_at IS NULL", topic)
    settings = ServiceSettings(postgres_dsn=dsn, kafka_bootstrap_servers=bootstrap_servers, merchants_file=merchants_file, http_port=0)
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(desk.pool, settings, service="workflow").run(stop))

    async def all_sent() -> bool:
        return not await desk.pool.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL")

    await eventually(all_sent, "the relay to send all")
    stop.set()
    await relay
    rows = await desk.pool.fetch(
        "SELECT merchant_id, currency, account, sum(amount_minor)::bigint AS minor FROM ledger_lines JOIN ledger_entries USING (entry_id) GROUP BY 1, 2, 3"
    )
    return Told(
        topic=topic,
        records=tuple(await read_all(bootstrap_servers, topic)),
        balances={(row["merchant_id"], row["currency"], row["account"]): row["minor"] for row in rows},
        entries=frozenset(str(row["entry_id"]) for row in await desk.pool.fetch("SELECT entry_id FROM ledger_entries")),
    )


async def make_topic(bootstrap_servers: str, name: str) -> None:
    """A topic of three partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 3, 1)])
    finally:
        await admin.close()


async def send(bootstrap_servers: str, topic: str, records: Sequence[Any]) -> None:
    """Put records on a topic as they are: anything with key, value and headers."""
    producer = make_producer(bootstrap_servers)
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(topic, key=record.key, value=record.value, headers=list(record.headers))
    finally:
        await producer.stop()


async def read_all(bootstrap_servers: str, topic: str) -> list[Any]:
    """All records that are on a topic now."""
    partitions = [TopicPartition(topic, number) for number in range(3)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Any] = []
        async with asyncio.timeout(30):
            while len(found) < sum(ends.values()):
                found += [record for records in (await consumer.getmany(timeout_ms=200)).values() for record in records]
        return found
    finally:
        await consumer.stop()


async def commit_offsets(bootstrap_servers: str, topic: str, group: str, offset: int) -> None:
    """Say that a group has read each partition up to an offset, whatever it has read."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(3)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, offset))
    finally:
        await consumer.stop()
