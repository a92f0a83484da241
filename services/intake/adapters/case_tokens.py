"""Case tokens: signed with intake's own key (JWT, HS256) and read by nobody else."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from contracts.identifiers import CustomerRef, MerchantId, OrderId
from services.intake.domain.callers import CustomerCaller
from services.intake.domain.errors import NotAuthenticatedError

_ISSUER = "aftersales-intake"
_ALGORITHM = "HS256"
MIN_KEY_BYTES = 32


class JwtCaseTokens:
    """Implements :class:`services.intake.ports.CaseTokens`. Raises ``ValueError`` for a key under 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"the key of case tokens needs {MIN_KEY_BYTES} bytes or more")
        self._key = OctKey.import_key(key)
        self._rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": _ISSUER}, sub={"essential": True}, exp={"essential": True}, mid={"essential": True}
        )

    def issue(self, caller: CustomerCaller, now: datetime, lifetime: timedelta) -> tuple[str, datetime]:
        """A token and when it expires."""
        expires_at = (now + lifetime).replace(microsecond=0)
        claims = {
            "iss": _ISSUER,
            "sub": str(caller.customer_ref),
            "mid": caller.merchant_id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        if caller.order_id is not None:
            claims["ord"] = str(caller.order_id)
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM]), expires_at.astimezone(UTC)

    def read(self, token: str) -> CustomerCaller:
        """Whose token it is. Raises :class:`NotAuthenticatedError`."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            self._rules.validate(claims)
            order_id = claims.get("ord")
            return CustomerCaller(
                MerchantId(claims["mid"]), CustomerRef(UUID(claims["sub"])), None if order_id is None else OrderId(UUID(order_id))
            )
        except (JoseError, ValueError) as error:
            raise NotAuthenticatedError("The token is not valid, or no longer: get a new one.") from error
