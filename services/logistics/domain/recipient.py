"""Where goods go: the part of a customer's contact that a delivery needs, and nothing more (R-SEC-04)."""

from dataclasses import dataclass

from contracts.storefront_v1 import Contact


@dataclass(frozen=True, slots=True)
class Recipient:
    """A delivery address. Personal data: it is shown to nobody but the carrier, and its representation hides it."""

    name: str
    phone: str | None
    lines: tuple[str, ...]
    postcode: str | None
    country: str

    def __repr__(self) -> str:
        return "Recipient(…)"

    @property
    def city(self) -> str:
        """The locality: by convention the last address line."""
        return self.lines[-1]


def recipient_of(contact: Contact) -> Recipient | None:
    """The recipient in a contact, or None where it names no place a parcel could go to (R-RSH-07)."""
    lines = tuple(line.strip() for line in contact.address_lines if line.strip())
    if not lines or contact.country is None or not contact.name.strip():
        return None
    return Recipient(name=contact.name.strip(), phone=contact.phone, lines=lines, postcode=contact.postcode, country=contact.country)
