"""What payments and carrier have in common, joined: records, faults, idempotency keys, webhooks, API key."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from fastapi import APIRouter, Depends, FastAPI

from deploy.local.sandbox import idempotency, webhook_queue
from deploy.local.sandbox.admin import fault_routes, webhook_routes
from deploy.local.sandbox.auth import key_check
from deploy.local.sandbox.fault_layer import FaultLayer
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.options import ApiOptions
from deploy.local.sandbox.server import make_app
from deploy.local.sandbox.store import Store
from deploy.local.sandbox.switches import HttpSwitches
from deploy.local.sandbox.ticker import Ticker
from deploy.local.sandbox.webhook_queue import WebhookQueue
from deploy.local.sandbox.webhook_sender import WebhookSender

H = TypeVar("H", bound=HttpSwitches)


class ThirdParty(Generic[H]):
    """One API server's shared parts. ``schema`` makes its own tables, ``switches`` are its faults."""

    def __init__(self, options: ApiOptions, schema: str, switches: type[H]) -> None:
        self.options = options
        self.store = Store(options.database, idempotency.SCHEMA, webhook_queue.SCHEMA, schema)
        self.board: FaultBoard[H] = FaultBoard(self.store, switches)
        self.desk = idempotency.IdempotencyDesk(self.store)
        self.webhooks = WebhookQueue(self.store, self.board)
        self._sender = WebhookSender(self.webhooks, options.webhook_secret)
        if options.webhook_url is not None:
            self.webhooks.endpoint = options.webhook_url

    def app(self, summary: str, routers: Sequence[APIRouter], tickers: Sequence[Ticker]) -> FastAPI:
        """The application: ``routers`` behind the API key and the faults, ``tickers`` running while it does."""

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            self._sender.start()
            for ticker in tickers:
                ticker.start()
            yield
            for ticker in tickers:
                await ticker.stop()
            await self._sender.stop()
            self.store.close()

        app = make_app(self.options.name, summary, lifespan)
        for router in routers:
            app.include_router(router, dependencies=[Depends(key_check(self.options.api_key))])
        app.include_router(fault_routes(self.board))
        app.include_router(webhook_routes(self.webhooks))
        app.add_middleware(FaultLayer, board=self.board)
        return app
