"""Staff tokens: JWTs signed with Ed25519. Services hold the public key only and cannot make one.

They are issued under the algorithm name ``Ed25519`` (RFC 9864) and accepted under the older name ``EdDSA`` (RFC 8037) as well.

Claims: ``sub`` (the member of staff), ``roles`` (codes of the rules), ``merchants`` (ids, or ``*`` for all), ``iat``, ``exp``.
"""

import base64
import binascii
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey

from contracts.identifiers import MerchantId
from contracts.roles import STAFF_ROLES, Role
from services.kit.problems import Problem

ALGORITHM: Final = "Ed25519"
ACCEPTED_ALGORITHMS: Final = (ALGORITHM, "EdDSA")
LEEWAY_SECONDS: Final = 30
ALL_MERCHANTS: Final = "*"


class TokenError(Problem):
    """The bearer token is missing or not valid (401)."""

    def __init__(self, detail: str) -> None:
        super().__init__(401, "invalid_token", "The bearer token is not valid.", detail, headers={"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True, slots=True)
class StaffPrincipal:
    """Who acts: a member of staff, their roles, and the merchants they work for."""

    staff_id: str
    roles: frozenset[Role]
    merchants: frozenset[MerchantId]

    def may_see(self, merchant_id: MerchantId) -> bool:
        """Whether they work for this merchant."""
        return merchant_id in self.merchants or ALL_MERCHANTS in self.merchants

    def has_any(self, *roles: Role) -> bool:
        """Whether they have one of these roles."""
        return not self.roles.isdisjoint(roles)


class StaffTokens:
    """Verifies staff tokens with the public key, given as base64url of its 32 bytes or as PEM. Raises ``ValueError`` for anything else."""

    def __init__(self, public_key: str) -> None:
        self._key = _public_key(public_key)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS, sub={"essential": True}, iat={"essential": True}, exp={"essential": True}
        )

    def verify(self, token: str) -> StaffPrincipal:
        """The principal of a token. Raises :class:`TokenError`."""
        try:
            with warnings.catch_warnings():
                # The older name is deprecated for leaving the curve open; our key is an Ed25519 key, which leaves nothing open.
                warnings.simplefilter("ignore", SecurityWarning)
                claims = jwt.decode(token, self._key, algorithms=ACCEPTED_ALGORITHMS).claims
            self._claims.validate(claims)
        except (JoseError, ValueError) as error:
            raise TokenError(f"It was refused: {type(error).__name__}. Ask for a new one.") from error
        return _principal(claims)


def _principal(claims: dict[str, Any]) -> StaffPrincipal:
    staff_id, roles, merchants = claims["sub"], claims.get("roles"), claims.get("merchants")
    if not (isinstance(staff_id, str) and staff_id and isinstance(roles, list) and isinstance(merchants, list)):
        raise TokenError("It needs the claims sub, roles and merchants.")
    known = {role.value: role for role in STAFF_ROLES}
    return StaffPrincipal(
        staff_id=staff_id,
        # A role of a newer version gives no rights here.
        roles=frozenset(known[role] for role in roles if role in known),
        merchants=frozenset(MerchantId(merchant) for merchant in merchants if isinstance(merchant, str)),
    )


def bearer_token(request: Request) -> str:
    """The token of ``Authorization: Bearer …``. Raises :class:`TokenError`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenError("Send it as Authorization: Bearer <token>.")
    return token.strip()


def staff_dependency(tokens: StaffTokens) -> Callable[[Request], Awaitable[StaffPrincipal]]:
    """A FastAPI dependency that gives the staff member who calls."""

    async def staff(request: Request) -> StaffPrincipal:
        return tokens.verify(bearer_token(request))

    return staff


def generate_staff_keys() -> tuple[str, str]:
    """A new key pair (private, public), each as base64url of its 32 bytes."""
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return _to_base64url(secret), _to_base64url(public)


def issue_staff_token(private_key: str, *, staff_id: str, roles: Iterable[Role], merchants: Iterable[str], lifetime: timedelta) -> str:
    """Sign a token; for the local stack, tools and tests: an installation has its own issuer."""
    secret = Ed25519PrivateKey.from_private_bytes(_from_base64url(private_key))
    public = secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": private_key, "x": _to_base64url(public)})
    now = int(time.time())
    claims = {
        "sub": staff_id,
        "roles": sorted(role.value for role in roles),
        "merchants": sorted(merchants),
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, key, algorithms=[ALGORITHM])


def _public_key(text: str) -> OKPKey:
    try:
        if "BEGIN" in text:
            return OKPKey.import_key(text)
        if len(_from_base64url(text)) == 32:  # noqa: PLR2004 - the length of an Ed25519 key (RFC 8032)
            return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": text.rstrip("=")})
    except (ValueError, JoseError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the staff public key is not an Ed25519 key: {error}") from error
    raise ValueError("the staff public key must be base64url of 32 bytes, or PEM")


def _to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _from_base64url(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
