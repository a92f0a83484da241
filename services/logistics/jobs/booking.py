"""Booking a carrier once, whatever happens to the answer."""

from collections.abc import Awaitable, Callable

from services.kit.logging import get_logger
from services.logistics.ports.carrier import Booked, Carrier, OutcomeUnknownError

log = get_logger(__name__)


async def book_once(carrier: Carrier, key: str, book: Callable[[str], Awaitable[Booked]], *, begun_before: bool) -> Booked:
    """Book under ``key``, looking first whether it happened where an earlier try may have gone through.

    An unknown outcome is looked up at once; where the carrier knows nothing of it, :class:`OutcomeUnknownError` asks for another try under the same key.
    """
    if begun_before:
        found = await carrier.find_booking(key)
        if found is not None:
            log.info("booking.found", key=key, waybill=found.waybill)
            return found
    try:
        return await book(key)
    except OutcomeUnknownError:
        found = await carrier.find_booking(key)
        if found is None:
            raise
        log.info("booking.found", key=key, waybill=found.waybill)
        return found
