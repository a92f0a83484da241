"""Settings from the environment: shared ones are ``AFTERSALES_<FIELD>``, a service's own ``AFTERSALES_<SERVICE>_<FIELD>``."""

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "AFTERSALES_"


class SettingsError(ValueError):
    """The environment does not make valid settings; the message names every variable that is missing or wrong."""


def _shared(name: str, default: Any = ...) -> Any:
    return Field(default, validation_alias=f"{PREFIX}{name.upper()}")


class KitSettings(BaseSettings):
    """What every service needs to know, in the environment and by field name.

    ``contact_key`` is a list ``key_id:base64`` separated by commas (the first seals, all open); ``staff_public_key`` an Ed25519 key as base64url or PEM.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, populate_by_name=True, extra="ignore", frozen=True)

    kafka_bootstrap_servers: str = _shared("kafka_bootstrap_servers", "127.0.0.1:9092")
    temporal_address: str = _shared("temporal_address", "127.0.0.1:7233")
    temporal_namespace: str = _shared("temporal_namespace", "default")
    temporal_tls: bool = _shared("temporal_tls", default=False)
    merchants_file: Path = _shared("merchants_file")
    contact_key: SecretStr | None = _shared("contact_key", None)
    staff_public_key: str | None = _shared("staff_public_key", None)
    log_level: str = _shared("log_level", "INFO")
    log_format: Literal["auto", "json", "console"] = _shared("log_format", "auto")


class ServiceSettings(KitSettings):
    """What every service needs for itself. A service subclasses it with ``model_config = service_config("<service>")``."""

    postgres_dsn: str = Field(repr=False)
    postgres_pool_size: int = Field(default=16, ge=2)
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=0, le=65_535)


def service_config(service: str) -> SettingsConfigDict:
    """The model configuration of the settings of ``service``."""
    return SettingsConfigDict(env_prefix=f"{PREFIX}{service.upper()}_", populate_by_name=True, extra="ignore", frozen=True)


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(model: type[SettingsT]) -> SettingsT:
    """Read ``model`` from the environment. Raises :class:`SettingsError`."""
    try:
        return model()
    except ValidationError as error:
        problems = [
            f"  {_variable(model, str(e['loc'][0] if e['loc'] else ''))}: {_problem(e['type'], e['msg'])}"
            for e in error.errors(include_input=False)
        ]
        raise SettingsError("the environment is not complete:\n" + "\n".join(problems)) from None


def _variable(model: type[BaseSettings], location: str) -> str:
    field = model.model_fields.get(location)
    if field is None:  # pydantic names an aliased field by its alias
        return location.upper()
    return str(field.validation_alias or f"{model.model_config.get('env_prefix', '')}{location}".upper())


def _problem(kind: str, message: str) -> str:
    return "is missing: set it" if kind == "missing" else message
