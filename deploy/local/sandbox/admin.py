"""The switchboard under ``/admin``: faults and webhooks, for whoever runs the sandbox. It asks for no key; servers listen on loopback by default."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AnyHttpUrl, BaseModel, ConfigDict

from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.paging import DEFAULT_LIMIT, Cursor, Limit
from deploy.local.sandbox.switches import Switches
from deploy.local.sandbox.webhook_queue import WebhookQueue, WebhookState

SwitchValues = Annotated[dict[str, Any], Body(description="switches by name, as GET /admin/faults shows them")]


class Endpoint(BaseModel):
    """Where webhooks go; null holds them back."""

    model_config = ConfigDict(extra="forbid")

    url: AnyHttpUrl | None


class Resend(BaseModel):
    """What to send again: one event, or all that ended in a state."""

    model_config = ConfigDict(extra="forbid")

    event_id: str | None = None
    state: WebhookState | None = None


def fault_routes(board: FaultBoard[Switches]) -> APIRouter:
    """Read, replace, change and reset the switches of a board."""
    router = APIRouter(prefix="/admin", tags=["faults"])

    @router.get("/faults")
    async def read_faults() -> dict[str, Any]:
        """All switches and how they stand."""
        return board.now.model_dump()

    @router.put("/faults")
    async def replace_faults(switches: SwitchValues) -> dict[str, Any]:
        """Set the switches named; the others return to their defaults."""
        return board.replace(switches).model_dump()

    @router.patch("/faults")
    async def change_faults(switches: SwitchValues) -> dict[str, Any]:
        """Set only the switches named."""
        return board.change(switches).model_dump()

    @router.post("/reset-faults")
    async def reset_faults() -> dict[str, Any]:
        """Everything off."""
        return board.replace({}).model_dump()

    return router


def webhook_routes(queue: WebhookQueue) -> APIRouter:
    """See, direct and repeat webhooks."""
    router = APIRouter(prefix="/admin", tags=["webhooks"])

    @router.get("/webhook-endpoint")
    async def read_endpoint() -> dict[str, str | None]:
        """Where webhooks go."""
        return {"url": queue.endpoint}

    @router.put("/webhook-endpoint")
    async def set_endpoint(endpoint: Endpoint) -> dict[str, str | None]:
        """Send webhooks elsewhere from now on, waiting ones too."""
        queue.endpoint = None if endpoint.url is None else str(endpoint.url)
        return {"url": queue.endpoint}

    @router.get("/webhooks")
    async def list_webhooks(state: WebhookState | None = None, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
        """What was sent, is to be sent, was dropped by a switch, or given up."""
        return queue.list(state, cursor, limit)

    @router.post("/webhooks/resend")
    async def resend(what: Resend) -> dict[str, int]:
        """Queue webhooks again, under their old ids."""
        return {"queued": queue.resend(what.event_id, what.state)}

    return router
