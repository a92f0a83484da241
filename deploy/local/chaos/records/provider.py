"""What the payment provider says: what each payment charged, and every refund it ever had."""

from deploy.local.chaos.traces import ProviderRefund, Traces
from deploy.local.demo.client import Api

_PAGE = 500


async def read_provider(provider: Api, traces: Traces) -> None:
    """Add its payments and refunds."""
    async for payment in provider.pages("/v1/payments", "data", limit=_PAGE):
        traces.captured[payment["id"]] = payment["amount_minor"]
    async for one in provider.pages("/v1/refunds", "data", limit=_PAGE):
        traces.provider.append(
            ProviderRefund(
                provider_id=one["id"],
                refund_id=one["merchant_reference"] or "",
                payment=one["payment_id"],
                key=one["idempotency_key"],
                amount_minor=one["amount_minor"],
                currency=one["currency"],
                status=one["status"],
            )
        )
