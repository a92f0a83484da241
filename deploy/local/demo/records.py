"""What the run came to, from three sides that do not know each other: refund events, the platform's own refunds and ledger, the provider's records."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.errors import KafkaError

from deploy.local.demo.client import Unreachable
from deploy.local.demo.events import Position, RunEvents, read_events
from deploy.local.demo.snapshots import CURRENCY
from deploy.local.demo.world import World

_PATIENCE_SECONDS = 60.0
_QUIET_SECONDS = 2.0
_LOOK_EVERY_SECONDS = 0.5
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Total:
    """How many, and what they come to in minor units."""

    count: int
    sum_minor: int

    def __str__(self) -> str:
        return f"{self.count} of {self.sum_minor}"


@dataclass(slots=True)
class Records:
    """The run's refunds from each side, and the sum of the whole ledger. ``provider`` are the provider's settled refunds to the run's payments.

    ``breaks`` is what the platform's own reconciliation found about the run's cases, in words; ``reconciled`` how many records agree in all.
    """

    events: RunEvents
    refunds: list[dict[str, Any]] = field(default_factory=list)
    provider: list[dict[str, Any]] = field(default_factory=list)
    ledger: dict[str, int] = field(default_factory=dict)
    breaks: list[str] = field(default_factory=list)
    reconciled: int = 0

    @property
    def settled(self) -> Total:
        """The platform's settled refunds."""
        amounts = [refund["amount_minor"] for refund in self.refunds if refund["state"] == "settled" and refund["amount_minor"]]
        return Total(len(amounts), sum(amounts))

    @property
    def event_total(self) -> Total:
        """The settled events on Kafka."""
        amounts = [event.amount_minor for event in self.events.settled if event.amount_minor]
        return Total(len(amounts), sum(amounts))

    @property
    def provider_total(self) -> Total:
        """What the provider paid back."""
        return Total(len(self.provider), sum(line["amount_minor"] for line in self.provider))

    @property
    def ledger_minor(self) -> int:
        """The sum of the ledger in the demo's currency."""
        return self.ledger.get(CURRENCY, 0)


async def read_records(world: World, since: Position, case_ids: Collection[str], payments: Mapping[str, Any]) -> Records:
    """Read everything back once the last events have come through: they agree and nothing more is said, or patience ends."""
    until = time.monotonic() + _PATIENCE_SECONDS
    before: Records | None = None
    quiet_since = time.monotonic()
    while True:
        try:
            now = await _read(world, since, case_ids, payments)
        except (KafkaError, Unreachable):
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            continue
        if before is None or _said(now) != _said(before):
            quiet_since = time.monotonic()
        agree = now.settled == now.event_total == now.provider_total
        if (agree and time.monotonic() - quiet_since >= _QUIET_SECONDS) or time.monotonic() >= until:
            await _reconcile(world, now, case_ids)
            return now
        before = now
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _read(world: World, since: Position, case_ids: Collection[str], payments: Mapping[str, Any]) -> Records:
    records = Records(await read_events(world.kafka, since, case_ids))
    records.refunds = [one async for one in world.finance.pages("/v1/refunds", limit=_PAGE) if one["case_id"] in case_ids]
    records.provider = [line for line in await world.payments.lines("/v1/settlements") if line["payment_id"] in payments]
    records.ledger = (await world.finance.get("/v1/ledger/balance"))["balance_minor"]
    return records


async def _reconcile(world: World, records: Records, case_ids: Collection[str]) -> None:
    """Have the platform compare the provider's file, its payments, its ledger and what it published; a run may pass midnight."""
    today = datetime.now(UTC).date()
    days = {"since": (today - timedelta(days=1)).isoformat(), "until": today.isoformat()}
    for report in await world.finance.post("/v1/reconciliations", days):
        records.reconciled += report["matched"]
        records.breaks += [
            f"{found['subject']}: {found['kind']} of refund {found['refund_id']}, ours {found['ours_minor']}, theirs {found['theirs_minor']}"
            for found in report["breaks"]
            if found["case_id"] in case_ids
        ]


def _said(records: Records) -> tuple[object, ...]:
    events = records.events
    return (
        records.settled,
        records.event_total,
        records.provider_total,
        events.messages_sent,
        events.granted,
        events.declined,
        events.escalated,
    )


def paid_twice(records: Records) -> list[str]:
    """Refunds that more than one payment of money was made for, in words; empty if there is none."""
    words = []
    for (refund, payment), count in Counter((line["merchant_reference"], line["payment_id"]) for line in records.provider).items():
        if count > 1:
            words.append(f"the provider paid refund {refund} {count} times to payment {payment}")
    for refund, count in Counter(event.refund_id for event in records.events.settled).items():
        if count > 1:
            words.append(f"refund {refund} was announced as settled {count} times")
    return words
