"""Waybill numbers as in UPU standard S10: two letters, an eight-digit serial, its check digit, two letters of the issuer.

The issuer is ``ZZ``, which ISO 3166 never assigns: a sandbox waybill cannot be taken for a real one.
"""

_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_MODULUS = 11
_SERVICE_LETTERS = {"outbound": "CE", "return": "CR"}
_ISSUER = "ZZ"


def check_digit(serial: int) -> int:
    """The check digit of an eight-digit serial (UPU S10-12): 11 minus the weighted sum modulo 11, where 10 becomes 0 and 11 becomes 5."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, f"{serial:08d}", strict=True))
    return {10: 0, 11: 5}.get(_MODULUS - total % _MODULUS, _MODULUS - total % _MODULUS)


def waybill_for(kind: str, serial: int) -> str:
    """The waybill of the parcel with this serial, such as ``CE000000014ZZ``."""
    return f"{_SERVICE_LETTERS[kind]}{serial:08d}{check_digit(serial)}{_ISSUER}"
