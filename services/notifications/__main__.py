"""The composition root of notifications: ``python -m services.notifications``, or ``aftersales run notifications``."""

import gc
import sys

gc.disable()  # while all of this is imported; run_main() enables it

from contracts.merchant import load_merchants
from services.kit.consumer import Consumers
from services.kit.health import Health
from services.kit.http import HttpPart
from services.kit.lifecycle import ALL_PARTS, parse_only, run_main, run_service
from services.kit.logging import configure_logging
from services.kit.postgres import open_pool, postgres_check
from services.kit.relay import Relay
from services.kit.sealing import Sealer
from services.kit.settings import SettingsError, load_settings
from services.kit.tokens import StaffTokens
from services.notifications.adapters.smtp import SmtpMailer
from services.notifications.api import build_app
from services.notifications.handlers import build_handlers
from services.notifications.ports import Mailer
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings

SERVICE = "notifications"


async def serve(settings: NotificationsSettings, only: frozenset[str] = ALL_PARTS) -> None:
    """Run the parts of the service until it is told to stop. Raises ``SettingsError`` where a key is missing."""
    if settings.contact_key is None or settings.staff_public_key is None:
        raise SettingsError("notifications needs AFTERSALES_CONTACT_KEY (to open contacts) and AFTERSALES_STAFF_PUBLIC_KEY (to know staff)")
    merchants = load_merchants(settings.merchants_file)
    sealer = Sealer.parse(settings.contact_key.get_secret_value())
    async with open_pool(settings.postgres_dsn, service=SERVICE, max_size=settings.postgres_pool_size) as pool:
        relay = Relay(pool, settings, service=SERVICE)
        consumers = Consumers(SERVICE, pool, settings, build_handlers(sealer))
        health = Health()
        health.add("postgres", postgres_check(pool))
        health.add("relay", relay.check)
        app = build_app(pool, StaffTokens(settings.staff_public_key), health)
        api = HttpPart(app, settings.http_host, settings.http_port)
        await run_service(SERVICE, [consumers, Sender(pool, settings, merchants, _mailers(settings)), api, relay], only=only, health=health)


def _mailers(settings: NotificationsSettings) -> dict[bool, Mailer]:
    """Merchants in test mode reach the sandbox mailbox only."""
    urls = {True: settings.sandbox_smtp_url, False: settings.smtp_url}
    return {test: SmtpMailer(url.get_secret_value()) for test, url in urls.items() if url is not None}


def run(only: str | None = None) -> int:
    """Run the service as a process. Returns its exit status."""
    settings = load_settings(NotificationsSettings)
    configure_logging(SERVICE, settings.log_level, settings.log_format)
    return run_main(serve(settings, parse_only(only)))


if __name__ == "__main__":
    sys.exit(run(sys.argv[2] if sys.argv[1:2] == ["--only"] else None))
