"""Parcels: the warehouse receives and inspects what comes back, the carrier's people scan what goes out."""

from typing import Any

from deploy.local.demo.client import Refused
from deploy.local.demo.people.pictures import picture
from deploy.local.demo.play import NotYet, Play
from deploy.local.demo.world import World

_MATCH = "match"
_SHORT = "short_quantity"


async def receive_and_inspect(world: World, play: Play) -> None:
    """Take the parcel in by the case number written in it (R-RTN-01), and judge what is in it (R-RTN-03)."""
    rma_id = await _receive(world, play)
    if rma_id is None:
        return
    if play.script.inspection not in (_MATCH, _SHORT):
        await world.warehouse.upload(f"/v1/returns/{rma_id}/photos", picture(f"{play.key}/inspection", "condition"), "image/jpeg")
    await world.warehouse.post(f"/v1/returns/{rma_id}/inspection", inspection_of(play), key=f"{play.key}/inspection/{rma_id}")


async def _receive(world: World, play: Play) -> str | None:
    """The return that is to be inspected now, None where there is nothing to do."""
    try:
        receipt = await world.warehouse.post("/v1/receipts", {"case_number": play.case_number}, key=f"{play.key}/receipt")
    except Refused as refusal:
        if refusal.code != "already_received":
            raise
    else:
        return str(receipt["rma_id"]) if receipt["rma_id"] else None
    async for one in world.warehouse.pages("/v1/returns", case_number=play.case_number, state="received"):
        return str(one["rma_id"])
    return None


def inspection_of(play: Play) -> dict[str, Any]:
    """The warehouse's result: of a short parcel one unit of a line is missing, of a failed one nothing is accepted."""
    if play.script.inspection == _MATCH:
        return {"result": _MATCH}
    accepted = dict.fromkeys(play.case.lines, 0)
    if play.script.inspection == _SHORT:
        row, units = max(play.case.lines.items(), key=lambda item: item[1])
        accepted = dict(play.case.lines) | {row: units - max(1, units // 3)}
    return {"result": play.script.inspection, "units": [{"line_id": str(row), "accepted": units} for row, units in accepted.items()]}


async def deliver_goods(world: World, play: Play) -> None:
    """Scan the new goods out and to the door (R-RSH-05)."""
    async for shipment in world.warehouse.pages("/v1/shipments", case_number=play.case_number, kind="reship"):
        if shipment["waybill"] is None:
            raise NotYet(f"the new goods are {shipment['state']}")
        for status in ("handed_in", "delivered"):
            await _scan(world, play, shipment["waybill"], status)


async def _scan(world: World, play: Play, waybill: str, status: str) -> None:
    try:
        scan = {"status": status, "place": "Depot"}
        await world.carrier.post(f"/v1/shipments/{waybill}/scans", scan, key=f"{play.key}/{status}/{waybill}")
    except Refused as refusal:
        if refusal.code != "scan_not_possible":  # it was scanned before
            raise
