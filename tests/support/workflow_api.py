"""The workflow service's API over a desk's records: called in process, or served on a port for webhooks; and staff to call it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI

from contracts.identifiers import MerchantId
from contracts.roles import Role
from services.kit.api_keys import KEY_PREFIX, ApiKey, ApiKeys, MerchantKeys, hash_of
from services.kit.health import Health
from services.kit.http import HttpPart
from services.kit.settings import KitSettings
from services.kit.tokens import generate_staff_keys, issue_staff_token
from services.workflow.adapters.deciding import Deciding
from services.workflow.adapters.providers import Providers
from services.workflow.adapters.reconciling import PublishedEntries
from services.workflow.api import create_api
from services.workflow.policy.registry import load_packs
from services.workflow.ports import PaymentProvider
from tests.support.builders import MERCHANT, a_merchant
from tests.support.ports import own_port
from tests.support.workflow_records import RecordsDesk

PRIVATE_KEY, PUBLIC_KEY = generate_staff_keys()


OTHER_SHOP = MerchantId("other-shop")
SHOPS = {
    MERCHANT: a_merchant(),
    OTHER_SHOP: a_merchant(merchant_id=OTHER_SHOP, time_zone="Asia/Shanghai", currency="CNY", policy_pack="cn-marketplace"),
}


def api_key(merchant_id: str) -> str:
    """A shop's API key."""
    return f"{KEY_PREFIX}{merchant_id}"


def an_api(desk: RecordsDesk, providers: Sequence[PaymentProvider] = (), published: PublishedEntries | None = None) -> FastAPI:
    """The application."""
    settings = KitSettings(merchants_file=Path("merchants.json"), staff_public_key=PUBLIC_KEY)
    keys = ApiKeys(
        MerchantKeys(merchant_id=merchant, api_keys=(ApiKey(key_id="k1", sha256=hash_of(api_key(merchant))),)) for merchant in SHOPS
    )
    providing = Providers(providers)
    return create_api(
        desk.pool,
        settings,
        providing,
        desk.cases,
        desk.work_items,
        Health(),
        deciding=Deciding(SHOPS, load_packs()),
        api_keys=keys,
        published=published,
    )


def a_token(staff_id: str, *roles: Role, merchants: Sequence[str] = (MERCHANT,)) -> str:
    """A staff token."""
    return issue_staff_token(PRIVATE_KEY, staff_id=staff_id, roles=roles, merchants=merchants, lifetime=timedelta(hours=1))


class Caller:
    """A member of staff, or a storefront with its key, at the API."""

    def __init__(self, client: httpx2.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        """Read."""
        return await self._client.get(path, params=query, headers=self._headers)

    async def post(self, path: str, body: dict[str, Any], key: str | None = None) -> httpx2.Response:
        """Change, under a key of its own unless one is given."""
        return await self._client.post(path, json=body, headers={**self._headers, "Idempotency-Key": key or uuid4().hex})


@asynccontextmanager
async def a_client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that calls the application in process."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://workflow") as client:
        yield client


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a port; its address."""
    port = own_port()
    stop = asyncio.Event()
    serving = asyncio.create_task(HttpPart(app, "127.0.0.1", port).run(stop))
    try:
        async with httpx2.AsyncClient(trust_env=False) as client:
            await _answering(client, f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await serving


async def _answering(client: httpx2.AsyncClient, url: str) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    while True:
        try:
            await client.get(url)
        except httpx2.ConnectError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.02)
        else:
            return
