"""Webhooks of payment providers: verified, then recorded through the one guarded transition. The answer comes after the commit."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.kit.logging import get_logger
from services.kit.postgres import transaction
from services.kit.problems import Problem
from services.workflow.adapters.settlements import Settlements
from services.workflow.api_context import Context
from services.workflow.ports import ProviderMisuseError

router = APIRouter(prefix="/v1/providers", tags=["webhooks"])
log = get_logger(__name__)


@router.post("/{provider}/webhooks", status_code=204)
async def take_provider_webhook(provider: str, request: Request, context: Context) -> Response:
    """Take in what a provider says of a refund. What is about nothing of ours is answered 204 and left alone."""
    adapter = context.providers.named(provider)
    if adapter is None:
        raise Problem(404, "provider_not_found", "There is no such payment provider here.", "Check the webhook address at the provider.")
    body = await request.body()
    try:
        said = adapter.read_webhook(request.headers, body)
    except ProviderMisuseError as error:
        raise Problem(400, "webhook_unreadable", "The webhook cannot be read.", str(error)) from error
    if said is None:
        return Response(status_code=204)
    async with transaction(context.pool) as conn:
        ours = await Settlements(context.work_items, context.bookkeeper).record(conn, said)
    if not ours:
        log.warning(
            "webhook.unknown_submission",
            provider=provider,
            provider_refund_id=said.provider_refund_id,
            submission_id=str(said.submission_id),
        )
    return Response(status_code=204)
