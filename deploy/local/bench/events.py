"""Events to measure with: one of the middling size of all that are published, and an opened case with its order, the largest of the common ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from contracts import samples
from contracts.case_v1 import CaseOpened, Channel, OpenedBy
from contracts.decision_facts import AffectedUnits
from contracts.envelope import Envelope, to_headers
from contracts.identifiers import CaseId, EventId, MerchantId, customer_ref_for, order_id_for
from contracts.order_v1 import Order
from contracts.resolution_v1 import CaseTriaged
from contracts.scenes import Scene
from contracts.storefront_v1 import OrderSnapshot
from deploy.local.bench.orders import MERCHANT, a_snapshot
from services.kit.clock import utc_now
from services.kit.outbox import OutgoingEvent


def an_order(number: str, payment: str = "pay_0001", *, merchant: MerchantId = MERCHANT, shipped: bool = True) -> Order:
    """An order as the platform knows it."""
    snapshot = OrderSnapshot.model_validate(a_snapshot(number, payment, shipped=shipped))
    fields = {name: getattr(snapshot, name) for name in OrderSnapshot.model_fields if name not in {"contact", "customer_id"}}
    return Order(
        order_id=order_id_for(merchant, number),
        merchant_id=merchant,
        customer_ref=customer_ref_for(merchant, snapshot.customer_id),
        **fields,
    )


def an_opened_case(order: Order, scene: Scene = Scene.RETURN_NO_REASON, **changes: object) -> CaseOpened:
    """A case that was opened a moment ago about two of its units, or whatever ``changes`` say."""
    case_id, now = CaseId(uuid4()), utc_now() - timedelta(seconds=1)
    fields: dict[str, object] = {
        "merchant_id": order.merchant_id,
        "case_id": case_id,
        "case_number": f"B{case_id.hex[:8]}",
        "customer_ref": order.customer_ref,
        "locale": "en",
        "channel": Channel.SELF_SERVICE,
        "opened_by": OpenedBy(kind="customer"),
        "scene": scene,
        "affected": (AffectedUnits(line_id="1", quantity=2),),
        "requested_at": now,
        "opened_at": now,
        "order": order,
    }
    return CaseOpened.model_validate(fields | changes)


@dataclass(frozen=True, slots=True)
class WireEvent:
    """An event as its Kafka record has it, and as its outbox row has it."""

    event: OutgoingEvent
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]

    def row(self, topic: str) -> tuple[object, ...]:
        """The columns of :data:`OUTBOX_COLUMNS`."""
        body = self.event.body
        return (
            *(self.event.event_id, body.event_type, SOURCE, topic, body.partition_key, 1, body.merchant_id),
            *(False, self.event.occurred_at, None, self.value),
        )


SOURCE = "aftersales/workflow"
OUTBOX_COLUMNS = (
    *("event_id", "event_type", "source", "topic", "key", "sequence", "merchant_id"),
    *("test", "occurred_at", "trace_parent", "value"),
)


def a_middling_event() -> OutgoingEvent:
    """A case that was triaged, of a case of its own: its size is the median of the published samples of all types, about 500 bytes."""
    return OutgoingEvent(body=_TRIAGED.model_copy(update={"case_id": CaseId(uuid4())}), trace_parent=None)


def wire_events(count: int) -> list[WireEvent]:
    """So many middling events, each of its own key."""
    return [_wire(a_middling_event()) for _ in range(count)]


def _wire(event: OutgoingEvent) -> WireEvent:
    body = event.body
    envelope = Envelope(EventId(event.event_id), body.event_type, SOURCE, body.partition_key, event.occurred_at, 1, body.merchant_id)
    return WireEvent(event, body.partition_key.encode(), event.value() or b"", to_headers(envelope))


_SAMPLE = Path(samples.__file__).parent / CaseTriaged.event_type / "0001.json"
_TRIAGED = CaseTriaged.model_validate_json(json.dumps(json.loads(_SAMPLE.read_bytes())["body"]))
