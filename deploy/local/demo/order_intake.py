"""The orders of a run: each paid by one card payment, captured at the provider, and sent to intake as it is placed, paid, shipped, delivered."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from deploy.local.demo.merchants import SHOP
from deploy.local.demo.numbers import order_number
from deploy.local.demo.orders import DemoOrder
from deploy.local.demo.snapshots import CURRENCY, ContactOf, snapshots
from deploy.local.demo.world import World

Item = TypeVar("Item")
Told: TypeAlias = tuple[DemoOrder, dict[str, Any]]
"""An order and one of its snapshots."""

_PAYMENTS_AT_ONCE = 500
_SNAPSHOTS_AT_ONCE = 50
_BATCHES_AT_ONCE = 4
_VERSIONS = 4
"""Placed, paid, shipped, delivered."""


@dataclass(slots=True)
class SentOrders:
    """What came of it. Orders are named as in the file; ``refused`` has intake's words.

    ``payments`` maps a provider's payment to its order and what was captured; ``accepted`` counts the snapshots of an order that are on record.
    """

    payments: dict[str, tuple[str, int]] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)

    def recorded(self, orders: Iterable[DemoOrder]) -> int:
        """How many orders are on record with the whole of their life."""
        return sum(self.accepted[order.number] == (_VERSIONS if order.lines else 2) for order in orders)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How the orders of a run are told: under which numbers, at which merchant, in whose time. ``arrivals`` are in the file's time.

    ``contact_of`` None: everybody has an invented contact.
    """

    run: int
    run_key: str
    merchants: Mapping[str, str]
    shift: timedelta
    arrivals: Mapping[str, datetime]
    contact_of: ContactOf | None = None

    def merchant(self, order: DemoOrder) -> str:
        """Where the order was placed; the anonymous ones are the big shop's."""
        return self.merchants.get(order.customer, SHOP)

    def number(self, order: DemoOrder) -> str:
        """What it is called in this run."""
        return order_number(order.number, self.run)


async def send_orders(world: World, orders: Sequence[DemoOrder], dispatch: Dispatch, show: Callable[[SentOrders], None]) -> SentOrders:
    """Capture the payments, then send all snapshots, version by version; ``show`` is told how far it is."""
    sent = SentOrders()
    references = await _capture(world, orders, dispatch, sent)
    waves: list[dict[str, list[Told]]] = [defaultdict(list) for _ in range(_VERSIONS)]
    for order in orders:
        reference, arrived = references.get(order.number), dispatch.arrivals[order.number]
        life = snapshots(order, dispatch.number(order), dispatch.shift, reference, arrived, dispatch.contact_of)
        for wave, snapshot in zip(waves, life, strict=False):
            wave[dispatch.merchant(order)].append((order, snapshot))
    for wave in waves:
        batches = [(merchant, batch) for merchant, told in wave.items() for batch in chunks(told, _SNAPSHOTS_AT_ONCE)]
        for together in chunks(batches, _BATCHES_AT_ONCE):
            await asyncio.gather(*(_send(world, merchant, batch, sent) for merchant, batch in together))
            show(sent)
    return sent


async def _capture(world: World, orders: Sequence[DemoOrder], dispatch: Dispatch, sent: SentOrders) -> dict[str, str]:
    """One card payment of each order's whole; returns the provider's reference by order."""
    paid = [order for order in orders if order.lines and order.total_minor > 0]
    references: dict[str, str] = {}
    for position, batch in enumerate(chunks(paid, _PAYMENTS_AT_ONCE)):
        wanted = [
            {"amount_minor": order.total_minor, "currency": CURRENCY, "method": "card", "merchant_reference": dispatch.number(order)}
            for order in batch
        ]
        answer = await world.payments.post("/v1/payments/batch", {"payments": wanted}, key=f"{dispatch.run_key}/payments/{position}")
        for order, payment in zip(batch, answer["data"], strict=True):
            references[order.number] = payment["id"]
            sent.payments[payment["id"]] = (order.number, order.total_minor)
    return references


async def _send(world: World, merchant: str, batch: Sequence[Told], sent: SentOrders) -> None:
    answer = await world.merchants[merchant].post("/v1/orders/batch", [snapshot for _order, snapshot in batch])
    for (order, _snapshot), result in zip(batch, answer["results"], strict=True):
        if result["result"] == "rejected":
            sent.refused[order.number] = f"{result['code']}: {result['detail']}"
        else:
            sent.accepted[order.number] += 1


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items, so many at a time."""
    rest = list(items)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]
