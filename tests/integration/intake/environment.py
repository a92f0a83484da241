"""Intake's settings as a process of its own reads them."""

from pathlib import Path

from services.intake.settings import IntakeSettings


def environment_of(settings: IntakeSettings, home: Path, kafka_bootstrap: str = "") -> dict[str, str]:
    """The variables. ``home`` is a folder without a stack, so that nothing is added to them; the API alone needs no Kafka."""
    assert settings.contact_key is not None
    own = {
        "POSTGRES_DSN": settings.postgres_dsn,
        "CREDENTIALS_FILE": str(settings.credentials_file),
        "EVIDENCE_DIR": str(settings.evidence_dir),
        "TOKEN_KEY": settings.token_key.get_secret_value(),
        "IDENTITY_KEY": settings.identity_key.get_secret_value(),
        "HTTP_PORT": "0",
    }
    shared = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "MERCHANTS_FILE": str(settings.merchants_file),
        "CONTACT_KEY": settings.contact_key.get_secret_value(),
        "STAFF_PUBLIC_KEY": settings.staff_public_key or "",
    }
    of_intake = {f"AFTERSALES_INTAKE_{name}": value for name, value in own.items()}
    return {"HOME": str(home), **of_intake, **{f"AFTERSALES_{name}": value for name, value in shared.items()}}
