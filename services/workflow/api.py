"""The HTTP API of the workflow service: for staff, for storefronts that ask what would be decided, and for the webhooks of payment providers."""

from fastapi import FastAPI

from services.kit.api_keys import ApiKeys
from services.kit.health import Health
from services.kit.http import create_app
from services.kit.postgres import Pool
from services.kit.settings import KitSettings, SettingsError
from services.kit.tokens import StaffTokens
from services.workflow import (
    api_approvals,
    api_credit_notes,
    api_decisions,
    api_ledger,
    api_payouts,
    api_questions,
    api_reconciliation,
    api_records,
    api_refunds,
    api_webhooks,
    api_work_items,
)
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.deciding import Deciding
from services.workflow.adapters.providers import Providers
from services.workflow.adapters.published_entries import KafkaLedger
from services.workflow.adapters.reconciling import PublishedEntries, Reconciling
from services.workflow.api_context import ApiContext
from services.workflow.ports import Cases, WorkItems

_DESCRIPTION = """
What staff do about cases: approvals, tasks, refunds and the ledger. Every route wants a staff token (`Authorization: Bearer …`) and shows only the
merchants in it; the questions what policy would decide and what a refund would come to also take a merchant's API key. Amounts are integers in minor
units. Changes want an `Idempotency-Key`. Errors are problem+json with a stable `code`.
"""


def create_api(
    pool: Pool,
    settings: KitSettings,
    providers: Providers,
    cases: Cases,
    work_items: WorkItems,
    health: Health,
    *,
    deciding: Deciding,
    api_keys: ApiKeys | None = None,
    published: PublishedEntries | None = None,
) -> FastAPI:
    """The application; without ``api_keys`` it knows no storefront, without ``published`` it reads from Kafka what was published.

    Raises ``SettingsError`` where no staff key is set.
    """
    if settings.staff_public_key is None:
        raise SettingsError("AFTERSALES_STAFF_PUBLIC_KEY is missing: set it to the public key that staff tokens are verified with")
    app = create_app(title="workflow", version="1", health=health, description=_DESCRIPTION)
    app.state.context = ApiContext(
        pool,
        providers,
        cases,
        work_items,
        StaffTokens(settings.staff_public_key),
        deciding,
        api_keys or ApiKeys(),
        Bookkeeper(deciding.merchants),
        Reconciling(pool, work_items, providers.all(), published or KafkaLedger(settings.kafka_bootstrap_servers)),
    )
    for module in (
        api_approvals,
        api_refunds,
        api_credit_notes,
        api_payouts,
        api_ledger,
        api_work_items,
        api_records,
        api_decisions,
        api_questions,
        api_reconciliation,
        api_webhooks,
    ):
        app.include_router(module.router)
    app.include_router(api_reconciliation.compared)
    return app
