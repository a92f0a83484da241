"""Identity checks without keeping the contact (R-SEC-01): keyed hashes of normalised phone, mail and postcode.

A phone has two forms: the international one (E.164), and the national digits for a caller who leaves the country code out.
"""

import hashlib
import hmac
import re

import phonenumbers

from contracts.identifiers import MerchantId
from contracts.storefront_v1 import Contact

_NOT_DIGITS = re.compile(r"\D+")
_MIN_PHONE_DIGITS = 6


class IdentityHasher:
    """Makes the hashes; without the key they can be neither made nor tried out."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_contact(self, merchant_id: MerchantId, contact: Contact, region: str) -> list[str]:
        """All hashes by which the owner of a contact can show who they are. ``region`` (ISO 3166) reads phones without a country code."""
        facts = [*_phone_forms(contact.phone, contact.country or region), *_mail_forms(contact.email), *_postcode_forms(contact.postcode)]
        return [self._hash(merchant_id, fact) for fact in facts]

    def of_claim(self, merchant_id: MerchantId, region: str, *, phone: str | None, email: str | None, postcode: str | None) -> list[str]:
        """The hashes that what somebody says of themselves could match; empty where it is nothing usable."""
        phones = _phone_forms(phone, region)
        if phone is not None and phone.strip().startswith("+"):
            # A number with its country code is compared whole: national digits repeat from country to country.
            phones = [form for form in phones if form.startswith("phone:")]
        facts = [*phones, *_mail_forms(email), *_postcode_forms(postcode)]
        return [self._hash(merchant_id, fact) for fact in facts]

    def fingerprint(self, data: bytes) -> bytes:
        """A keyed hash of a whole body, to tell whether two are the same without keeping either."""
        return hmac.digest(self._key, b"fingerprint\0" + data, hashlib.sha256)

    def subject(self, kind: str, value: str) -> bytes:
        """A keyed name for something that is counted, such as a source address."""
        return hmac.digest(self._key, f"subject\0{kind}\0{value}".encode(), hashlib.sha256)

    def _hash(self, merchant_id: MerchantId, fact: str) -> str:
        return hmac.new(self._key, f"identity\0{merchant_id}\0{fact}".encode(), hashlib.sha256).hexdigest()


def _phone_forms(phone: str | None, region: str) -> list[str]:
    digits = _NOT_DIGITS.sub("", phone or "")
    if phone is None or len(digits) < _MIN_PHONE_DIGITS:
        return []
    forms = [f"phone-national:{digits.lstrip('0')}"]
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return forms
    national = f"phone-national:{phonenumbers.national_significant_number(number)}"
    international = f"phone:{phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)}"
    return [*dict.fromkeys((international, national, *forms))]


def _mail_forms(email: str | None) -> list[str]:
    normal = (email or "").strip().casefold()
    return [f"mail:{normal}"] if "@" in normal else []


def _postcode_forms(postcode: str | None) -> list[str]:
    normal = re.sub(r"[\s-]+", "", postcode or "").upper()
    return [f"postcode:{normal}"] if normal else []
