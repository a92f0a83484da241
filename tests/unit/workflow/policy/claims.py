"""Facts of claims on a Chinese order of three mugs at 10.50 yuan each, delivered on 10 March 2026 at 15:00 in Shanghai."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts.case_state import OptionCode
from contracts.decision import AffectedUnits, Attributes, Decision, EvidenceFacts, EvidenceItem, EvidenceKind, Facts, Verdict
from contracts.order_v1 import Order, Shipment, ShippedLine
from contracts.scenes import Scene
from services.workflow.policy.decide import decide
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import load_packs
from tests.support.builders import PLACED_AT, an_order, an_order_line

SHANGHAI = ZoneInfo("Asia/Shanghai")
DELIVERED = datetime(2026, 3, 10, 15, 0, tzinfo=SHANGHAI)
REGISTRY = load_packs()
CN = REGISTRY.get("cn-marketplace@1.1")
UK = REGISTRY.get("uk-retail@1.1")
CLAIMS = [scene for scene in Scene if scene.value in CN.tables["windows"].inputs["scene"]]
"""The scenes that end in an offer."""
WINDOWED = [scene for scene in CLAIMS if CN.tables["windows"].one(scene=scene.value).says["window"]]
"""Those of them whose claims have a window."""


def local(day: int, hour: int = 12, minute: int = 0, second: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=SHANGHAI)


def order(**changes: Any) -> Order:
    lines = changes.pop("lines", (an_order_line(amount_minor=3150),))
    shipment = Shipment(
        shipment_id="s1",
        shipped_at=PLACED_AT,
        delivered_at=changes.pop("delivered_at", DELIVERED.astimezone(UTC)),
        lines=tuple(ShippedLine(line_id=line.line_id, quantity=line.quantity) for line in lines),
    )
    return an_order(**({"currency": "CNY", "lines": lines, "shipments": (shipment,)} | changes))


def delivery_of(scene: Scene | None) -> datetime | None:
    """When the order of a claim was delivered; never, where the claim is that it did not come."""
    never = scene is not None and (scene.group == "delivery_failure" or scene in (Scene.ORDER_STOCKOUT, Scene.LOGISTICS_LOST))
    return None if never else DELIVERED.astimezone(UTC)


def shown(*shows: str, kind: EvidenceKind = EvidenceKind.PHOTO) -> tuple[EvidenceItem, ...]:
    return tuple(
        EvidenceItem(
            evidence_id=f"e{place}",
            kind=kind,
            shows=what,
            sha256="0" * 64,
            size_bytes=10,
            media_type="image/jpeg",
            received_at=local(11),
        )
        for place, what in enumerate(shows)
    )


ACCEPTED = EvidenceFacts(items=shown("goods", "parcel", "label"), verdict=Verdict.ACCEPTED)


def a_claim(scene: Scene | None = Scene.RETURN_NO_REASON, **changes: Any) -> Facts:
    """The customer claims one mug on the day after delivery; ``usable`` and ``at`` are short for what the reviewer said, and when it was asked."""
    at = changes.pop("at", local(11))
    if "usable" in changes:
        changes["reviewed"] = Attributes(usable=changes.pop("usable"))
        changes.setdefault("evidence", ACCEPTED)
    quantity = changes.pop("quantity", 1)
    defaults: dict[str, Any] = {
        "moment": at,
        "requested_at": at,
        "time_zone": "Asia/Shanghai",
        "scene": scene,
        "order": order(delivered_at=delivery_of(scene)),
        "affected": (AffectedUnits(line_id="1", quantity=quantity),),
    }
    return Facts(**(defaults | changes))


def decided(scene: Scene = Scene.RETURN_NO_REASON, policy: Policy = CN, **changes: Any) -> Decision:
    return decide(a_claim(scene, **changes), policy)


def codes(decision: Decision) -> list[OptionCode]:
    return [option.code for option in decision.options]


def rules(decision: Decision) -> set[str]:
    return {entry.rule for entry in decision.trace}
