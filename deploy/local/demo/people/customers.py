"""Customers: they apply, send pictures, choose, hand parcels in, answer, and say whether the case is solved."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.roles import Role
from contracts.scenes import Scene
from deploy.local.demo.client import Refused
from deploy.local.demo.people.pictures import picture
from deploy.local.demo.play import NotYet, Play
from deploy.local.demo.world import World

_WORDS = {
    Scene.RETURN_OVER_WINDOW: "I was away and could not send this back any earlier. Please make an exception.",
    Scene.LOGISTICS_DAMAGE: "The box was crushed and what was in it is broken.",
    Scene.FULFILMENT_MISSING_ITEM: "These were on the packing list but not in the box.",
    Scene.QUALITY_DEFECT: "The seams came apart the first time we used it.",
}
_REAPPLY_LIMIT = "reapply_limit"


async def apply(world: World, play: Play, shift: timedelta) -> None:
    """Open the case, as the shop's import of its credit note; a fourth application for a line is opened by an agent (R-CASE-06)."""
    script = play.script
    body: dict[str, Any] = {
        "order_number": play.order_number,
        "scene": script.scene.value,
        "lines": [{"line_id": str(row), "quantity": units} for row, units in play.case.lines.items()],
        "wanted_remedy": script.remedy.value,
        "accept_if_offered": script.consents,
    }
    if script.scene in _WORDS:
        body["description"] = play.words or _WORDS[script.scene]
    imported = body | {"channel": "import", "requested_at": (play.case.requested.replace(tzinfo=UTC) + shift).isoformat()}
    try:
        answer = await world.merchants[play.merchant].post("/v1/cases", imported, key=play.key)
    except Refused as refusal:
        if refusal.code != _REAPPLY_LIMIT:
            raise
        phoned = {"description": "The customer called about it again.", **body, "channel": "phone", "merchant_id": play.merchant}
        answer = await world.staff("intake", Role.AGENT).post("/v1/cases", phoned, key=f"{play.key}/agent")
    play.case_id, play.case_number = answer["case_id"], answer["case_number"]


async def send_pictures(world: World, play: Play) -> None:
    """Send what is asked for."""
    customer = await world.customer(play.merchant, play.case.customer)
    case = await customer.get(f"/v1/cases/{play.case_id}")
    asked = case["evidence_request"]
    for need in asked["needed"] if asked else []:
        for number in range(need["count"]):
            content = picture(f"{play.key}/{need['shows']}/{asked['request_number']}/{number}", need["shows"])
            await customer.upload(f"/v1/cases/{play.case_id}/evidence", content, "image/jpeg", kind="photo", shows=need["shows"])


async def answer_offer(world: World, play: Play) -> None:
    """Choose the wanted remedy, or whatever else is offered; withdraw; or say nothing, as the part has it."""
    if play.script.withdraws:
        await give_up(world, play)
        return
    if not play.script.answers_offer:
        return
    customer = await world.customer(play.merchant, play.case.customer)
    offer = (await customer.get(f"/v1/cases/{play.case_id}"))["offer"]
    if offer is None or offer["answer"] is not None:
        return
    offered = [option["code"] for option in offer["options"]]
    option = play.script.remedy.value if play.script.remedy.value in offered else offered[0]
    body = {"offer_id": offer["offer_id"], "option": option}
    await customer.post(f"/v1/cases/{play.case_id}/choice", body, key=f"{play.key}/choice/{offer['offer_id']}")


async def give_up(world: World, play: Play) -> None:
    """Withdraw the case (R-CASE-05)."""
    customer = await world.customer(play.merchant, play.case.customer)
    await customer.post(f"/v1/cases/{play.case_id}/withdrawal", key=f"{play.key}/withdrawal")


async def hand_in(world: World, play: Play) -> None:
    """Take the parcel to the carrier whose label came, or to one of their own choice (R-RTN-02)."""
    if not play.script.hands_in:
        return
    customer = await world.customer(play.merchant, play.case.customer)
    if play.script.own_carrier:
        body = {"carrier": "royal-post", "waybill": f"RP-{play.case_number}"}
        await customer.post(f"/v1/cases/{play.case_id}/return-shipment", body, key=f"{play.key}/return-shipment")
        return
    returning = (await customer.get(f"/v1/cases/{play.case_id}"))["returning"]
    waybill = returning["waybill"] if returning else None
    if waybill is None:
        raise NotYet("no label yet")
    scan = {"status": "handed_in", "place": "Parcel shop", "occurred_at": datetime.now(UTC).isoformat()}
    await world.carrier.post(f"/v1/shipments/{waybill}/scans", scan, key=f"{play.key}/handed-in/{waybill}")


async def answer_inspection(world: World, play: Play) -> None:
    """Have the goods that failed inspection sent back (R-RTN-05)."""
    customer = await world.customer(play.merchant, play.case.customer)
    await customer.post(f"/v1/cases/{play.case_id}/inspection-answer", {"answer": "take_back"}, key=f"{play.key}/inspection-answer")


async def confirm(world: World, play: Play) -> None:
    """Say that the case is solved, or nothing (R-CASE-07)."""
    if play.script.confirms:
        customer = await world.customer(play.merchant, play.case.customer)
        await customer.post(f"/v1/cases/{play.case_id}/satisfaction", {"satisfied": True}, key=f"{play.key}/satisfaction")
