"""Orders in, by whichever way: the highest version wins, the contact goes its own sealed way, and what is new is published."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from contracts.contact_v1 import ContactRecorded
from contracts.identifiers import CustomerRef, derived_event_id
from contracts.merchant import Merchant, Mode
from contracts.order_v1 import OrderRecorded
from contracts.storefront_v1 import Contact
from services.intake.domain.errors import OrderVersionConflictError
from services.intake.domain.identity import IdentityHasher
from services.intake.domain.orders import OrderRow, PreparedOrder, RecordedOrder, RecordResult
from services.intake.ports import Contacts, Orders
from services.kit import outbox
from services.kit.clock import utc_now
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection
from services.kit.sealing import Sealer


class RecordOrders:
    """Takes snapshots in, any number in one transaction."""

    def __init__(self, orders: Orders, contacts: Contacts, hasher: IdentityHasher, sealer: Sealer) -> None:
        self._orders = orders
        self._contacts = contacts
        self._hasher = hasher
        self._sealer = sealer

    async def one(self, connection: Connection, merchant: Merchant, prepared: PreparedOrder) -> RecordedOrder:
        """Take one snapshot in. Raises :class:`OrderVersionConflictError`."""
        [recorded] = await self(connection, merchant, [prepared])
        if recorded.result is RecordResult.CONFLICT:
            raise OrderVersionConflictError(
                f"Version {recorded.order_version} is on record: send a higher order_version with every change."
            )
        return recorded

    async def __call__(self, connection: Connection, merchant: Merchant, prepared: Sequence[PreparedOrder]) -> list[RecordedOrder]:
        """Take snapshots in, as if one after the other. Returns what became of each, in order; it must be the end of the transaction."""
        results: dict[int, RecordedOrder] = {}
        events: list[OutgoingEvent] = []
        now = utc_now()
        for round_ in _rounds(prepared):
            recorded = await self._record(connection, merchant, [prepared[index] for index in round_])
            results.update(zip(round_, recorded, strict=True))
            fresh = [prepared[index] for index in round_ if results[index].result is RecordResult.RECORDED]
            events += [_order_event(merchant, item, now) for item in fresh]
            events += await self._contact_events(connection, merchant, fresh, now)
        await outbox.append(connection, events)
        return [results[index] for index in range(len(prepared))]

    async def _record(self, connection: Connection, merchant: Merchant, prepared: Sequence[PreparedOrder]) -> list[RecordedOrder]:
        rows = [self._row(merchant, item) for item in prepared]
        stored = await self._orders.upsert(connection, rows)
        others = [row.order.order_id for row in rows if row.order.order_id not in stored]
        on_record = await self._orders.versions(connection, others) if others else {}
        return [_result(row, stored, on_record) for row in rows]

    def _row(self, merchant: Merchant, prepared: PreparedOrder) -> OrderRow:
        contact = prepared.contact
        hashes = self._hasher.of_contact(merchant.merchant_id, contact, merchant.return_address.country) if contact is not None else []
        return OrderRow(
            order=prepared.order,
            fingerprint=self._hasher.fingerprint(prepared.canonical),
            identity=tuple(hashes) or None,
            locale=contact.locale if contact is not None else None,
        )

    async def _contact_events(
        self, connection: Connection, merchant: Merchant, prepared: Sequence[PreparedOrder], now: datetime
    ) -> list[OutgoingEvent]:
        latest: dict[CustomerRef, tuple[Contact, datetime]] = {}
        for item in prepared:
            if item.contact is not None:
                known = latest.get(item.order.customer_ref)
                if known is None or item.order.placed_at >= known[1]:
                    latest[item.order.customer_ref] = (item.contact, item.order.placed_at)
        facts = {
            ref: (self._hasher.fingerprint(contact.model_dump_json().encode()), placed_at) for ref, (contact, placed_at) in latest.items()
        }
        versions = await self._contacts.publishable(connection, merchant.merchant_id, facts, now)
        return [self._contact_event(merchant, ref, latest[ref][0], version, now) for ref, version in versions.items()]

    def _contact_event(self, merchant: Merchant, customer_ref: CustomerRef, contact: Contact, version: int, now: datetime) -> OutgoingEvent:
        body = ContactRecorded(
            merchant_id=merchant.merchant_id,
            customer_ref=customer_ref,
            contact_version=version,
            recorded_at=now,
            key_id=self._sealer.key_id,
            sealed=self._sealer.seal(contact.model_dump_json().encode(), str(customer_ref)),
        )
        event_id = derived_event_id(uuid5(customer_ref, f"contact/{version}"), ContactRecorded.event_type)
        return OutgoingEvent(body=body, event_id=event_id, occurred_at=now, test=merchant.mode is Mode.TEST)


def _rounds(prepared: Sequence[PreparedOrder]) -> Iterator[list[int]]:
    """Indexes in rounds, each order at most once per round: one statement cannot change a row twice."""
    left = list(range(len(prepared)))
    while left:
        first = {prepared[index].order.order_id: index for index in reversed(left)}
        taken = sorted(first.values())
        yield taken
        left = [index for index in left if first[prepared[index].order.order_id] != index]


def _result(row: OrderRow, stored: dict[UUID, bool], on_record: dict[UUID, tuple[int, bytes]]) -> RecordedOrder:
    order = row.order
    if order.order_id in stored:
        return RecordedOrder(order, RecordResult.RECORDED, order.order_version, created=stored[order.order_id])
    version, fingerprint = on_record[order.order_id]
    if version > order.order_version:
        return RecordedOrder(order, RecordResult.SUPERSEDED, version)
    return RecordedOrder(order, RecordResult.UNCHANGED if fingerprint == row.fingerprint else RecordResult.CONFLICT, version)


def _order_event(merchant: Merchant, prepared: PreparedOrder, now: datetime) -> OutgoingEvent:
    order = prepared.order
    event_id = derived_event_id(uuid5(order.order_id, f"version/{order.order_version}"), OrderRecorded.event_type)
    body = OrderRecorded(merchant_id=order.merchant_id, order_id=order.order_id, order=order)
    return OutgoingEvent(body=body, event_id=event_id, occurred_at=now, test=merchant.mode is Mode.TEST)
