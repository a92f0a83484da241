"""The intake service: HTTP API, consumers and relay in one process, or any of them alone."""

import gc
import sys

gc.disable()  # while all of this is imported; run_main() enables it

from services.intake.api import build_app
from services.intake.consumers import build_handlers
from services.intake.house import build_house
from services.intake.housekeeping import Housekeeping
from services.intake.settings import IntakeSettings
from services.kit.consumer import Consumers
from services.kit.health import Health
from services.kit.http import HttpPart
from services.kit.lifecycle import ALL_PARTS, parse_only, run_main, run_service
from services.kit.logging import configure_logging
from services.kit.postgres import open_pool, postgres_check
from services.kit.relay import Relay
from services.kit.settings import load_settings


async def serve(settings: IntakeSettings, only: frozenset[str] = ALL_PARTS) -> None:
    """Run the chosen parts until SIGTERM."""
    async with open_pool(settings.postgres_dsn, service="intake", max_size=settings.postgres_pool_size) as pool:
        house = build_house(settings, pool)
        relay = Relay(pool, settings, service="intake")
        consumers = Consumers("intake", pool, settings, build_handlers(house))
        health = Health()
        health.add("postgres", postgres_check(pool))
        if "relay" in only:
            health.add("relay", relay.check)
        http = HttpPart(build_app(house, health), settings.http_host, settings.http_port)
        await run_service("intake", [consumers, http, Housekeeping(pool, house.files), relay], only=only, health=health)


def run(only: str | None = None) -> int:
    """Read the settings from the environment and serve. Returns the exit code."""
    settings = load_settings(IntakeSettings)
    configure_logging("intake", settings.log_level, settings.log_format)
    return run_main(serve(settings, parse_only(only)))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1] if len(sys.argv) > 1 else None))
