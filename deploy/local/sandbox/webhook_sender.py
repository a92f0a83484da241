"""Sends what the webhook queue holds, signed as in Standard Webhooks, again with growing pauses until somebody takes it."""

import asyncio
from datetime import UTC, datetime
from functools import partial

import httpx2
from standardwebhooks.webhooks import Webhook

from deploy.local.sandbox.clock import now_ms
from deploy.local.sandbox.store import Row
from deploy.local.sandbox.ticker import Ticker
from deploy.local.sandbox.webhook_queue import WebhookQueue

MOST_ATTEMPTS = 400
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
_AT_ONCE = 12
_PATIENCE_SECONDS = 10.0


def pause_seconds(attempts: int) -> float:
    """How long to wait after so many failed attempts: 0.5, 1, 2, 4, 8, then always 15."""
    return min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * (1 << min(attempts - 1, 10)))


class WebhookSender:
    """Delivers webhooks, several at once. ``secret`` is ``whsec_`` and base64."""

    def __init__(self, queue: WebhookQueue, secret: str) -> None:
        self._queue = queue
        self._signer = Webhook(secret)
        self._client: httpx2.AsyncClient | None = None
        self._in_flight: dict[int, asyncio.Task[None]] = {}
        self._ticker = Ticker("webhooks", self._dispatch)
        queue.on_new = self._ticker.wake

    def start(self) -> None:
        """Begin with what is due, also from before a restart."""
        # A third party does not go through our proxies: the endpoint is named by whoever runs the sandbox.
        self._client = httpx2.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False)
        self._ticker.start()

    async def stop(self) -> None:
        """Stop; what is in flight stays pending and is sent again after a restart."""
        await self._ticker.stop()
        for task in self._in_flight.values():
            task.cancel()
        await asyncio.gather(*self._in_flight.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _dispatch(self) -> float | None:
        endpoint = self._queue.endpoint
        if endpoint is None or self._client is None:
            return None
        at_ms = now_ms()  # one time for both questions: what came due between two would be neither sent nor waited for
        for row in self._queue.due(at_ms, _AT_ONCE - len(self._in_flight), self._in_flight):
            task = asyncio.create_task(self._deliver(self._client, endpoint, row))
            self._in_flight[row["row_number"]] = task
            task.add_done_callback(partial(self._landed, row["row_number"]))
        return self._queue.seconds_to_next(at_ms)

    def _landed(self, row_number: int, _task: asyncio.Task[None]) -> None:
        del self._in_flight[row_number]
        self._ticker.wake()

    async def _deliver(self, client: httpx2.AsyncClient, endpoint: str, row: Row) -> None:
        status, error = await self._attempt(client, endpoint, row)
        if error is None:
            self._queue.settle(row["row_number"], "delivered", row["due_ms"], status, None)
            return
        attempts = row["attempts"] + 1
        due_ms = now_ms() + int(pause_seconds(attempts) * 1000)
        self._queue.settle(row["row_number"], "gave_up" if attempts >= MOST_ATTEMPTS else "pending", due_ms, status, error)

    async def _attempt(self, client: httpx2.AsyncClient, endpoint: str, row: Row) -> tuple[int | None, str | None]:
        # The signer takes the wall clock fields as they are, so only a time in UTC gives the right signature.
        at = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": row["event_id"],
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(row["event_id"], at, row["body"]),
        }
        try:
            answer = await client.post(endpoint, content=row["body"].encode(), headers=headers)
        except Exception as error:  # noqa: BLE001 (whatever goes wrong with an attempt, it is tried again later)
            return None, f"{type(error).__name__}: {error}"
        return answer.status_code, None if answer.is_success else f"answered {answer.status_code}"
