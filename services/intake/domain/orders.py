"""Orders: a storefront's snapshot becomes the platform's order, and its contact block goes its own way."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import ValidationError

from contracts.identifiers import MerchantId, customer_ref_for, order_id_for
from contracts.order_v1 import Order
from contracts.storefront_v1 import Contact, OrderSnapshot
from services.intake.domain.errors import Fault, InvalidError

MAX_ORDER_BYTES = 600_000
"""A larger order would not fit into an event, and every case carries its order."""


class RecordResult(StrEnum):
    """What became of a snapshot."""

    RECORDED = "recorded"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """A snapshot taken apart. ``canonical`` is what is compared where two bodies claim one version; it holds the contact and is never stored."""

    order: Order
    contact: Contact | None
    canonical: bytes


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What is stored of a snapshot; ``identity`` and ``locale`` None leave what is on record."""

    order: Order
    fingerprint: bytes
    identity: tuple[str, ...] | None
    locale: str | None


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """What became of a snapshot; ``order_version`` is the version now on record, ``created`` whether the order was new."""

    order: Order
    result: RecordResult
    order_version: int
    created: bool = False


def prepare(merchant_id: MerchantId, snapshot: OrderSnapshot) -> PreparedOrder:
    """Take the contact out and derive the ids. Raises :class:`InvalidError` where the order contradicts itself or is too large."""
    fields = {name: getattr(snapshot, name) for name in OrderSnapshot.model_fields if name not in {"contact", "customer_id"}}
    try:
        order = Order(
            order_id=order_id_for(merchant_id, snapshot.number),
            merchant_id=merchant_id,
            customer_ref=customer_ref_for(merchant_id, snapshot.customer_id),
            **fields,
        )
    except ValidationError as error:
        raise InvalidError("The order contradicts itself.", code="invalid_order", faults=faults_of(error)) from error
    canonical = snapshot.model_dump_json().encode()
    if len(canonical) > MAX_ORDER_BYTES:
        raise InvalidError(f"An order may have {MAX_ORDER_BYTES} bytes, this one has {len(canonical)}: split it.", code="order_too_large")
    return PreparedOrder(order, snapshot.contact, canonical)


def faults_of(error: ValidationError, prefix: Sequence[str | int] = ()) -> list[Fault]:
    """The faults of a body, without the values that were sent: they may be personal."""
    return [
        Fault("".join(f"/{part}" for part in (*prefix, *fault["loc"])), fault["msg"])
        for fault in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def parse_snapshot(value: object) -> OrderSnapshot:
    """Read a snapshot from parsed JSON. Raises :class:`InvalidError`."""
    try:
        return OrderSnapshot.model_validate(value)
    except ValidationError as error:
        raise InvalidError("This is not an order snapshot.", code="invalid_order", faults=faults_of(error)) from error
