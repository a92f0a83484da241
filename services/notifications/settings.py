"""The settings of notifications: ``AFTERSALES_NOTIFICATIONS_…`` for what is its own."""

from datetime import timedelta

from pydantic import SecretStr

from services.kit.settings import ServiceSettings, service_config


class NotificationsSettings(ServiceSettings):
    """Where mail goes out, and how patient the sender is.

    ``smtp_url`` is for live merchants, ``sandbox_smtp_url`` for those in test mode (``smtp://user:password@host:port``, ``smtps://`` for TLS
    from the start, ``smtp+starttls://`` for an upgrade). ``contact_wait`` is how long a message waits for a contact that has not arrived;
    ``give_up_after`` how long a temporary failure is retried before the message stays in-app and an agent is asked to call.
    """

    model_config = service_config("notifications")

    smtp_url: SecretStr | None = None
    sandbox_smtp_url: SecretStr | None = None
    sender_concurrency: int = 4
    contact_wait: timedelta = timedelta(seconds=60)
    retry_min: timedelta = timedelta(seconds=1)
    retry_max: timedelta = timedelta(minutes=10)
    give_up_after: timedelta = timedelta(hours=24)
