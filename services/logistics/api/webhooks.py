"""What carriers tell by webhook (Standard Webhooks). Repeats and disorder change nothing: scans are kept by id and folded by time."""

from fastapi import APIRouter, Request, Response

from services.kit import webhooks
from services.kit.logging import get_logger
from services.kit.postgres import transaction
from services.kit.problems import Problem
from services.logistics.api.desk import Desk
from services.logistics.handlers.scans import take_scans
from services.logistics.ports.carrier import WebhookUnreadableError

log = get_logger(__name__)


def routes(desk: Desk) -> APIRouter:
    """Take webhooks."""
    router = APIRouter(prefix="/v1/carriers", tags=["webhooks"])

    @router.post("/{carrier}/webhooks", status_code=204)
    async def take_webhook(carrier: str, request: Request) -> Response:
        """Take one webhook; 204 once its effect is durable."""
        sender = desk.carriers.named(carrier)
        if sender is None:
            raise Problem(404, "unknown_carrier", "There is no such carrier.", "Check the address that the carrier was given.")
        body = await request.body()
        message = webhooks.verify(desk.webhook_secrets, request.headers, body)
        try:
            scan = sender.read_webhook(body)
        except WebhookUnreadableError:
            log.warning("webhook.unreadable", carrier=carrier, webhook_id=message.id)
            raise Problem(422, "webhook_unreadable", "The webhook does not say what was scanned.", "Send the documented form.") from None
        if scan is not None:
            async with transaction(desk.pool) as conn:
                await take_scans(conn, scan.carrier, scan.waybill, [scan])
        return Response(status_code=204)

    return router
