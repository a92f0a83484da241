"""API keys: ``Authorization: Bearer KEY``."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from deploy.local.sandbox.errors import UnauthorizedError

_bearer = HTTPBearer(auto_error=False, description="the key given to the server by --api-key")


def key_check(api_key: str) -> Callable[..., Awaitable[None]]:
    """A FastAPI dependency that lets only callers with this key through; others get 401."""

    async def check(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None) -> None:
        given = "" if credentials is None else credentials.credentials
        if not hmac.compare_digest(given.encode(), api_key.encode()):
            raise UnauthorizedError("Send the header Authorization: Bearer KEY with the API key of this sandbox server.")

    return check
