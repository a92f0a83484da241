"""The warehouse judges what came back (R-RTN-03). Once: a second judgement is refused."""

from collections.abc import Sequence
from uuid import UUID

from contracts.shipment_v1 import InspectionResult, ReturnInspected
from services.kit.clock import utc_now
from services.kit.postgres import Connection
from services.logistics.adapters import receipt_rows, return_rows
from services.logistics.domain.inspection import Inconsistency, InspectionInconsistentError, judge
from services.logistics.domain.returns import NotReceivedError, Return, ReturnState
from services.logistics.handlers.publishing import about, publish


async def inspect(
    conn: Connection,
    ret: Return,
    result: InspectionResult,
    accepted: Sequence[tuple[str, int]] | None,
    *,
    photo_ids: Sequence[UUID] | None,
    staff_id: str,
) -> Return:
    """Write the judgement down and publish it. ``ret`` is locked.

    Raises ``NotReceivedError``, ``AlreadyInspectedError``, ``InspectionInconsistentError``.
    """
    ret.check_inspectable()
    if ret.receipt_id is None:
        raise NotReceivedError
    units = judge(ret.expected, result, accepted)
    photos = await _photos(conn, ret, photo_ids)
    inspected_at = utc_now()
    inspection = {
        "result": result.value,
        "units": [unit.model_dump(mode="json") for unit in units],
        "photo_ids": photos,
        "inspected_at": inspected_at.isoformat().replace("+00:00", "Z"),
        "inspected_by": staff_id,
    }
    # A case that is done with the return stays so; the judgement is written down beside it.
    state = ReturnState.CLOSED if ret.closed_result is not None and ret.state is ReturnState.CLOSED else ReturnState.INSPECTED
    changed = await return_rows.change(conn, ret.rma_id, state=state.value, inspection=inspection, inspected_at=inspected_at)
    body = ReturnInspected(
        **about(changed),
        rma_id=ret.rma_id,
        parcel_id=ret.receipt_id,
        result=result,
        units=units,
        photo_ids=tuple(photos),
        inspected_at=inspected_at,
        inspected_by=staff_id,
    )
    await publish(conn, changed, ret.rma_id, body)
    return changed


async def _photos(conn: Connection, ret: Return, wanted: Sequence[UUID] | None) -> list[str]:
    known = (await receipt_rows.photos(conn, [ret.rma_id]))[ret.rma_id]
    if wanted is None:
        return known
    problems = [
        Inconsistency(f"/photo_ids/{position}", f"{photo_id} is no photo of this return; upload it first")
        for position, photo_id in enumerate(wanted)
        if str(photo_id) not in known
    ]
    if problems:
        raise InspectionInconsistentError(problems)
    return [str(photo_id) for photo_id in wanted]
