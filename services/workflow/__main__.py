"""The workflow service as a process: the HTTP API, the consumers with their deliveries and sweeper, the Temporal worker, and the relay."""

import gc
import sys

gc.disable()  # while all of this is imported; run_main() enables it

from services.kit.api_keys import ApiKeys
from services.kit.consumer import Consumers
from services.kit.deliveries import Deliverer
from services.kit.health import Health
from services.kit.http import HttpPart
from services.kit.lifecycle import ALL_PARTS, Part, parse_only, run_main, run_service
from services.kit.logging import configure_logging
from services.kit.postgres import open_pool, postgres_check
from services.kit.relay import Relay
from services.kit.settings import load_settings
from services.kit.temporal import WorkerPart, connect_temporal, ensure_search_attributes, temporal_check
from services.workflow.adapters.providers import open_providers
from services.workflow.api import create_api
from services.workflow.consumers import CaseConsumers
from services.workflow.deliverer import CaseDeliverer
from services.workflow.housekeeping import Housekeeping
from services.workflow.schedules import ensure_schedules
from services.workflow.settings import WorkflowSettings
from services.workflow.starter import CaseStarter
from services.workflow.sweeper import Sweeper
from services.workflow.worker import books_of, build_worker
from services.workflow.workflows.ui import SEARCH_ATTRIBUTES

SERVICE = "workflow"


async def serve(settings: WorkflowSettings, only: frozenset[str] = ALL_PARTS) -> None:
    """Run the chosen parts until asked to stop."""
    async with (
        open_pool(settings.postgres_dsn, service=SERVICE, max_size=settings.postgres_pool_size) as pool,
        open_providers(settings) as providers,
    ):
        client = await connect_temporal(settings, identity=SERVICE)
        await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
        books = books_of(pool, settings, providers)
        starter = CaseStarter(client, books, settings.task_queue)
        deliver = CaseDeliverer(client, books, starter, settings.task_queue).deliver
        deliverer = Deliverer(pool, deliver, concurrency=settings.deliveries_at_once, service=SERVICE)
        relay = Relay(pool, settings, service=SERVICE)
        health = Health()
        health.add("postgres", postgres_check(pool))
        health.add("temporal", lambda: temporal_check(client))
        parts: list[Part] = []
        if "consumers" in only:
            health.add("deliveries", deliverer.check)
            consumers = Consumers(SERVICE, pool, settings, CaseConsumers(books).handlers())
            parts += [consumers, deliverer, Sweeper(pool, starter, rest_seconds=settings.sweep_seconds)]
            parts.append(Housekeeping(pool, settings.keep_operations))
        if "worker" in only:
            await ensure_schedules(client, settings.task_queue, settings.reconcile_at)
            parts.append(WorkerPart(build_worker(client, books, providers, settings)))
        if "api" in only:
            app = create_api(
                pool, settings, providers, books.cases, books.work_items, health, deciding=books.deciding, api_keys=keys_of(settings)
            )
            parts.append(HttpPart(app, settings.http_host, settings.http_port))
        if "relay" in only:
            health.add("relay", relay.check)
            parts.append(relay)
        await run_service(SERVICE, parts, only=only, health=health)


def keys_of(settings: WorkflowSettings) -> ApiKeys:
    """The merchants' API keys, none without a file. Raises ``KeysFileError``."""
    return ApiKeys.load(settings.api_keys_file) if settings.api_keys_file is not None else ApiKeys()


def run(only: str | None = None) -> int:
    """Run the service with settings from the environment. Returns the exit code."""
    settings = load_settings(WorkflowSettings)
    configure_logging(SERVICE, settings.log_level, settings.log_format)
    return run_main(serve(settings, parse_only(only)))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1] if len(sys.argv) > 1 else None))
