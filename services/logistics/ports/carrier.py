"""The carrier, as logistics needs one.

::

    CarrierError
    ├── CarrierUnavailableError      nothing is known to have happened: ask again later
    │   └── OutcomeUnknownError      it may have happened: look it up, then ask again under the same key
    ├── CarrierRefusedError          the carrier said no and will say so again under this key
    ├── CancelNotPossibleError       the carrier has the parcel already
    └── WebhookUnreadableError       a signed webhook that makes no sense
"""

from dataclasses import dataclass
from typing import Protocol

from services.logistics.domain.recipient import Recipient
from services.logistics.domain.scans import Scan


class CarrierError(Exception):
    """The base of what can go wrong with a carrier."""


class CarrierUnavailableError(CarrierError):
    """The carrier cannot be reached or does not work now."""


class OutcomeUnknownError(CarrierUnavailableError):
    """The request was sent and no answer came: it may have been carried out."""


class CarrierRefusedError(CarrierError):
    """The carrier refused; ``code`` is its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the carrier refused: {code}")
        self.code = code


class CancelNotPossibleError(CarrierError):
    """The parcel is on its way, or gone."""


class WebhookUnreadableError(CarrierError):
    """The body of a webhook does not say what was scanned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnBooking:
    """A parcel from a customer to the merchant; ``reference`` is the return's id."""

    reference: str
    weight_grams: int
    prepaid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundBooking:
    """A parcel from the merchant to a customer; ``reference`` is the shipment's id."""

    reference: str
    weight_grams: int
    recipient: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnParcel:
    """A parcel that the customer gave to a carrier of their own choice."""

    reference: str
    carrier: str
    waybill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What the carrier made of a booking."""

    carrier: str
    waybill: str


class Carrier(Protocol):
    """A carrier. Every call may raise :class:`CarrierUnavailableError`; those that book may raise :class:`OutcomeUnknownError`.

    ``sandbox`` tells whether its parcels are play: test merchants reach sandbox carriers only, live merchants never do.
    """

    name: str
    sandbox: bool

    async def book_return(self, booking: ReturnBooking, key: str) -> Booked:
        """Book under an idempotency key: the same key and booking give the same waybill again. Raises :class:`CarrierRefusedError`."""
        ...

    async def book_outbound(self, booking: OutboundBooking, key: str) -> Booked:
        """Book under an idempotency key, as :meth:`book_return`."""
        ...

    async def find_booking(self, key: str) -> Booked | None:
        """The booking made under ``key``, or None: how an unknown outcome becomes known."""
        ...

    async def follow(self, parcel: OwnParcel, key: str) -> None:
        """Have another carrier's parcel tracked. Raises :class:`CarrierRefusedError`."""
        ...

    async def cancel(self, waybill: str) -> None:
        """Cancel a booking; repeating it is fine. Raises :class:`CancelNotPossibleError` once the carrier has the parcel."""
        ...

    async def scans_of(self, waybill: str) -> tuple[Scan, ...]:
        """All scans of a parcel, oldest first; none for a waybill it does not know."""
        ...

    def read_webhook(self, body: bytes) -> Scan | None:
        """The scan a webhook tells of, None where it tells of something else. Raises :class:`WebhookUnreadableError`. The signature was checked before."""
        ...
