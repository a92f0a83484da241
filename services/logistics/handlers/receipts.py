"""Parcels that reach the warehouse, with or without a label (R-RTN-03).

::

    ReceiptError
    ├── ReturnNotFoundError       the named return is not known here
    ├── NamesDisagreeError        the names given belong to different returns
    ├── AlreadyRecordedError      the parcel waits to be identified already
    └── AlreadyAssignedError      the parcel is known to be a certain return
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.identifiers import MerchantId
from contracts.shipment_v1 import ReturnReceived
from services.kit.clock import utc_now
from services.kit.postgres import Connection
from services.logistics.adapters import job_rows, receipt_rows, return_rows, task_rows
from services.logistics.adapters.job_rows import JobKind
from services.logistics.adapters.receipt_rows import Receipt
from services.logistics.domain.returns import Return, ReturnState
from services.logistics.handlers.publishing import about, publish


class ReceiptError(Exception):
    """The base of what can be wrong with a receipt."""


class ReturnNotFoundError(ReceiptError):
    """No return has this name."""


class NamesDisagreeError(ReceiptError):
    """The names given belong to different returns."""


class AlreadyRecordedError(ReceiptError):
    """The parcel waits to be identified already."""


class AlreadyAssignedError(ReceiptError):
    """The parcel is known to be a certain return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelNames:
    """What is known of a parcel on the warehouse's table."""

    rma_id: UUID | None = None
    waybill: str | None = None
    carrier: str | None = None
    case_number: str | None = None


async def identify(conn: Connection, merchants: Sequence[MerchantId], names: ParcelNames) -> Return | None:
    """The return that the names mean, locked; None where none of them is known.

    Raises :class:`ReturnNotFoundError` for an unknown return id and :class:`NamesDisagreeError`.
    """
    by_waybill, by_case = await return_rows.find_for_receipt(
        conn, merchants, waybill=names.waybill, carrier=names.carrier, case_number=names.case_number
    )
    if len(by_waybill) > 1:
        raise NamesDisagreeError
    named = {rma_id for rma_id in (names.rma_id, *by_waybill) if rma_id is not None}
    if not named and by_case:
        named = {by_case[0]}
    if len(named) > 1 or (by_case and not named <= set(by_case)):
        raise NamesDisagreeError
    if not named:
        return None
    ret = await return_rows.lock(conn, named.pop())
    if ret is None or ret.merchant_id not in merchants:
        raise ReturnNotFoundError
    if by_case == [] and names.case_number is not None:
        raise NamesDisagreeError
    return ret


async def receive(
    conn: Connection, ret: Return | None, merchant_id: MerchantId, names: ParcelNames, *, note: str | None, staff_id: str
) -> Receipt:
    """A parcel is here. ``ret`` None records it as unidentified. Raises ``AlreadyReceivedError``, :class:`AlreadyRecordedError`."""
    if ret is not None:
        ret.check_receivable()
    elif names.waybill is not None and await receipt_rows.waits(conn, merchant_id, names.waybill, names.carrier):
        raise AlreadyRecordedError
    receipt = Receipt(
        receipt_id=uuid7(),
        merchant_id=merchant_id,
        rma_id=None if ret is None else ret.rma_id,
        carrier=names.carrier,
        waybill=names.waybill,
        case_number=names.case_number if ret is None else ret.case_number,
        note=note,
        received_at=utc_now(),
        received_by=staff_id,
        assigned_at=None,
        assigned_by=None,
    )
    await receipt_rows.insert(conn, receipt)
    if ret is not None:
        await _arrive(conn, ret, receipt, receipt.received_at)
    return receipt


async def assign(conn: Connection, receipt: Receipt, ret: Return, staff_id: str) -> Receipt:
    """Say which return an unidentified parcel is. Raises :class:`AlreadyAssignedError`, ``AlreadyReceivedError``."""
    if receipt.rma_id is not None:
        raise AlreadyAssignedError
    ret.check_receivable()
    assigned = await receipt_rows.assign(conn, receipt.receipt_id, ret.rma_id, staff_id)
    await _arrive(conn, ret, assigned, receipt.received_at)
    return replace(assigned, case_number=ret.case_number)


async def _arrive(conn: Connection, ret: Return, receipt: Receipt, received_at: datetime) -> None:
    changed = await return_rows.change(
        conn,
        ret.rma_id,
        state=ReturnState.RECEIVED.value,
        receipt_id=receipt.receipt_id,
        received_at=received_at,
        received_waybill=receipt.waybill,
    )
    await task_rows.close_tasks(conn, ret.rma_id)
    if changed.label_is_idle:
        await job_rows.arm(conn, JobKind.RETURN, ret.rma_id)
    body = ReturnReceived(
        **about(changed), rma_id=ret.rma_id, parcel_id=receipt.receipt_id, waybill=receipt.waybill, received_at=received_at
    )
    await publish(conn, changed, receipt.receipt_id, body)
