"""The composition root of logistics: ``python -m services.logistics`` or ``aftersales run logistics``."""

import gc
import sys
from datetime import timedelta

gc.disable()  # while all of this is imported; run_main() enables it

from contracts.merchant import load_merchants
from services.kit.consumer import Consumers
from services.kit.health import Health
from services.kit.http import HttpPart
from services.kit.lifecycle import ALL_PARTS, parse_only, run_main, run_service
from services.kit.logging import configure_logging
from services.kit.postgres import Pool, open_pool, postgres_check
from services.kit.relay import Relay
from services.kit.sealing import Sealer
from services.kit.settings import SettingsError, load_settings
from services.kit.tokens import StaffTokens
from services.logistics.adapters.carriers import Carriers
from services.logistics.adapters.job_rows import JobKind
from services.logistics.adapters.photo_store import PhotoStore
from services.logistics.adapters.sandbox_carrier import SandboxCarrier
from services.logistics.api.app import build_app
from services.logistics.api.desk import Desk
from services.logistics.consumers import LogisticsConsumers
from services.logistics.handlers.label_links import LabelLinks
from services.logistics.jobs.loop import JobLoop
from services.logistics.jobs.parcel_job import ParcelJob
from services.logistics.jobs.return_job import ReturnJob
from services.logistics.jobs.shipment_job import ShipmentJob
from services.logistics.settings import LogisticsSettings, split_secrets


async def serve(settings: LogisticsSettings, only: frozenset[str] = ALL_PARTS) -> None:
    """Run the service until it is told to stop."""
    if settings.contact_key is None or settings.staff_public_key is None:
        raise SettingsError("logistics needs AFTERSALES_CONTACT_KEY (to open contacts) and AFTERSALES_STAFF_PUBLIC_KEY (to know staff)")
    merchants = load_merchants(settings.merchants_file)
    sealer = Sealer.parse(settings.contact_key.get_secret_value())
    tokens = StaffTokens(settings.staff_public_key)
    carrier = SandboxCarrier(settings.carrier_url, settings.carrier_api_key.get_secret_value(), settings.carrier_timeout_seconds)
    try:
        async with open_pool(settings.postgres_dsn, service="logistics", max_size=settings.postgres_pool_size) as pool:
            carriers = Carriers([carrier], merchants)
            links = LabelLinks(settings.own_url, split_secrets(settings.label_link_keys), settings.label_link_lifetime)
            relay = Relay(pool, settings, service="logistics")
            consumers = Consumers("logistics", pool, settings, LogisticsConsumers(merchants, sealer).build())
            jobs = build_jobs(settings, pool, carriers, links)
            health = Health()
            health.add("postgres", postgres_check(pool))
            health.add("relay", relay.check)
            health.add("jobs", jobs.check)
            desk = Desk(
                pool=pool,
                merchants=merchants,
                carriers=carriers,
                links=links,
                photos=PhotoStore(settings.photos_dir),
                tokens=tokens,
                webhook_secrets=split_secrets(settings.carrier_webhook_secret),
            )
            http = HttpPart(build_app(desk, health), settings.http_host, settings.http_port)
            await run_service("logistics", [consumers, jobs, http, relay], only=only, health=health)
    finally:
        await carrier.close()


def build_jobs(settings: LogisticsSettings, pool: Pool, carriers: Carriers, links: LabelLinks) -> JobLoop:
    """The loop with all its jobs."""
    runners = {
        JobKind.RETURN: ReturnJob(pool, carriers, links, settings.track_every, settings.unit_weight_grams).run,
        JobKind.SHIPMENT: ShipmentJob(pool, carriers, settings.address_wait, settings.track_every, settings.unit_weight_grams).run,
        JobKind.PARCEL: ParcelJob(pool, carriers, settings.track_every, settings.lost_after).run,
    }
    return JobLoop(
        pool,
        runners,
        concurrency=settings.job_concurrency,
        poll_seconds=settings.job_poll_seconds,
        lease=timedelta(seconds=settings.job_lease_seconds),
    )


def run(only: str | None = None) -> int:
    """Start the service, or the parts named in ``only``; gives the exit code."""
    settings = load_settings(LogisticsSettings)
    configure_logging("logistics", settings.log_level, settings.log_format)
    return run_main(serve(settings, parse_only(only)))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1] if len(sys.argv) > 1 else None))
