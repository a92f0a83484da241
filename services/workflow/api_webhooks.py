"""Webhooks of payment providers: verified, then recorded through the one guarded transition if it is news. The answer comes after the commit."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.kit.logging import get_logger
from services.kit.postgres import Record, transaction
from services.kit.problems import Problem
from services.workflow.adapters.settlements import Settlements
from services.workflow.api_context import Context
from services.workflow.ports import PaymentProvider, ProviderMisuseError, ProviderRefund, ProviderState

router = APIRouter(prefix="/v1/providers", tags=["webhooks"])
log = get_logger(__name__)


@router.post("/{provider}/webhooks", status_code=204)
async def take_provider_webhook(provider: str, request: Request, context: Context) -> Response:
    """Take in what a provider says of a refund. What is about nothing of ours is answered 204 and left alone."""
    modes = context.providers.modes(provider)
    if not modes:
        raise Problem(404, "provider_not_found", "There is no such payment provider here.", "Check the webhook address at the provider.")
    try:
        adapter, said = _read(modes, request.headers, await request.body())
    except ProviderMisuseError as error:
        raise Problem(400, "webhook_unreadable", "The webhook cannot be read.", str(error)) from error
    if said is None:
        return Response(status_code=204)
    asked = await context.pool.fetchrow(_ASKED_THERE, said.submission_id, adapter.name, adapter.sandbox)
    if asked is not None and asked["there"]:
        if not _is_known(said, asked):
            async with transaction(context.pool) as conn:
                await Settlements(context.work_items, context.bookkeeper).record(conn, said)
    else:
        log.warning(
            "webhook.unknown_submission" if asked is None else "webhook.submission_of_another_provider",
            provider=provider,
            sandbox=adapter.sandbox,
            provider_refund_id=said.provider_refund_id,
            submission_id=str(said.submission_id),
        )
    return Response(status_code=204)


def _read(modes: Sequence[PaymentProvider], headers: Mapping[str, str], body: bytes) -> tuple[PaymentProvider, ProviderRefund | None]:
    """What the webhook says, and in which mode: that whose secret signed it. Raises :class:`Problem` 401 where none did, or ``ProviderMisuseError``."""
    refusals = []
    for adapter in modes:
        try:
            return adapter, adapter.read_webhook(headers, body)
        except Problem as refusal:
            refusals.append(refusal)
    raise next((refusal for refusal in refusals if refusal.code == "webhook_timestamp_stale"), refusals[-1])


def _is_known(said: ProviderRefund, submission: Record) -> bool:
    """Whether a payment is on record as it is told: the webhook of one that was settled with the provider's answer, or a repeat. Then nothing is locked."""
    told = (said.state.value, said.amount_minor, said.currency)
    return said.state is ProviderState.SUCCEEDED and told == (submission["state"], submission["amount_minor"], submission["currency"])


_ASKED_THERE = """
SELECT submission.provider = $2 AND refund.test = $3 AS there, submission.state, submission.amount_minor, submission.currency
FROM refund_submissions AS submission JOIN refunds AS refund USING (refund_id) WHERE submission_id = $1
"""
"""Whether the submission was sent to that provider in that mode: who can sign for play money, or for another provider, must not settle it."""
