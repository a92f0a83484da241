"""What a person asks the service to try again."""

from services.kit.postgres import Connection
from services.logistics.adapters import job_rows, return_rows, shipment_rows, task_rows
from services.logistics.adapters.job_rows import JobKind
from services.logistics.adapters.task_rows import Task, TaskKind
from services.logistics.domain.shipments import BEFORE_BOOKING, ShipmentKind, ShipmentState


class NotRetryableError(Exception):
    """There is nothing left to try about this task."""


async def retry(conn: Connection, task: Task) -> None:
    """Book again. After a refusal under a new key, because the carrier repeats its answer under the old one. Raises :class:`NotRetryableError`."""
    if task.closed_at is not None or task.kind is TaskKind.TRACKING_REFUSED:
        raise NotRetryableError
    refused = task.kind is TaskKind.BOOKING_REFUSED
    ret = await return_rows.lock(conn, task.subject)
    if ret is not None:
        if not ret.wants_label:
            raise NotRetryableError
        if refused:
            await return_rows.change(conn, ret.rma_id, booking_attempt=ret.booking_attempt + 1, booking_begun=False)
        await job_rows.arm(conn, JobKind.RETURN, ret.rma_id)
    else:
        shipment = await shipment_rows.lock(conn, task.subject)
        again = shipment is not None and shipment.kind is ShipmentKind.TAKE_BACK and shipment.state is ShipmentState.FAILED
        bookable = shipment is not None and shipment.state in BEFORE_BOOKING and task.kind is not TaskKind.NO_ADDRESS
        if shipment is None or not (again or bookable):
            raise NotRetryableError
        if again:
            await shipment_rows.change(conn, shipment.shipment_id, state=ShipmentState.RESERVED.value, reason=None)
        if refused:
            await shipment_rows.change(conn, shipment.shipment_id, booking_attempt=shipment.booking_attempt + 1, booking_begun=False)
        await job_rows.arm(conn, JobKind.SHIPMENT, shipment.shipment_id)
    await task_rows.close_tasks(conn, task.subject)
