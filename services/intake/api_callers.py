"""Who calls: an API key, a staff token or a case token, told apart by its form and its algorithm."""

import ipaddress
from typing import Annotated

import orjson
from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc.util import urlsafe_b64decode
from starlette.datastructures import Headers

from services.intake.adapters.credentials import Credentials
from services.intake.domain.callers import Caller, MerchantCaller, StaffCaller
from services.intake.domain.errors import NotAllowedError, NotAuthenticatedError
from services.intake.ports import CaseTokens
from services.kit.api_keys import KEY_PREFIX
from services.kit.tokens import ACCEPTED_ALGORITHMS, StaffTokens

_bearer = HTTPBearer(auto_error=False, description="An API key (ak_…), a staff token or a case token.")
_IPV6_PREFIX = 64
"""One household or host has a whole /64 to itself."""


class Doorman:
    """Finds out who calls. Without a staff key, no staff token is good."""

    def __init__(self, credentials: Credentials, staff: StaffTokens | None, case_tokens: CaseTokens) -> None:
        self._credentials = credentials
        self._staff = staff
        self._case_tokens = case_tokens

    async def caller(self, request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Caller:
        """Any caller. Raises :class:`NotAuthenticatedError`."""
        return self.find(request.headers.get("x-api-key") or (bearer.credentials if bearer is not None else None))

    def find(self, token: str | None) -> Caller:
        """Whose token or key it is. Raises :class:`NotAuthenticatedError`."""
        if not token:
            raise NotAuthenticatedError("Send Authorization: Bearer with an API key, a staff token or a case token.")
        if token.startswith(KEY_PREFIX):
            merchant = self._credentials.caller(token)
            if merchant is None:
                raise NotAuthenticatedError("The API key is not known.")
            return merchant
        if _algorithm(token) in ACCEPTED_ALGORITHMS and self._staff is not None:
            staff = self._staff.verify(token)
            return StaffCaller(staff.staff_id, staff.roles, staff.merchants)
        return self._case_tokens.read(token)

    async def merchant(self, request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> MerchantCaller:
        """A merchant. Raises :class:`NotAuthenticatedError`, :class:`NotAllowedError`."""
        caller = await self.caller(request, bearer)
        if not isinstance(caller, MerchantCaller):
            raise NotAllowedError("This call takes a merchant's API key.")
        return caller


def token_in(headers: Headers) -> str | None:
    """The token or key that a request shows, for routes that do without the framework's dependencies."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (token if scheme.lower() == "bearer" else None)


def source_of(request: Request) -> str:
    """Where a request comes from, as far as it is counted: the address, or its /64 network."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False)) if address.version == 6 else host  # noqa: PLR2004 - IPv6


def _algorithm(token: str) -> str | None:
    try:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError:
        return None
    return header.get("alg") if isinstance(header, dict) else None
