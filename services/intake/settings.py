"""Intake's settings: shared ones from ``AFTERSALES_…``, its own from ``AFTERSALES_INTAKE_…``. Times are ISO 8601 durations."""

import base64
import binascii
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from services.kit.settings import ServiceSettings, service_config

_MIN_KEY_BYTES = 32


def _is_key(value: SecretStr) -> SecretStr:
    try:
        size = len(base64.b64decode(value.get_secret_value(), validate=True))
    except binascii.Error:
        raise ValueError("must be base64") from None
    if size < _MIN_KEY_BYTES:
        raise ValueError(f"must be {_MIN_KEY_BYTES} random bytes or more, as base64")
    return value


Key = Annotated[SecretStr, AfterValidator(_is_key)]
"""Random bytes as base64."""


def key_bytes(key: SecretStr) -> bytes:
    """The bytes of a key setting."""
    return base64.b64decode(key.get_secret_value())


class IntakeSettings(ServiceSettings):
    """What intake needs.

    ``token_key`` signs case tokens; ``identity_key`` makes the hashes of contacts (changing it makes guests unknown until their orders come again).
    ``plan_within`` is when a case's next step is promised for (R-SLA-04, R-SLA-09). ``reopen_window`` is how long after its end a customer may bring a
    case back; the policy decides what becomes of it. A lock-out (R-SEC-03) counts per order and per source address.
    """

    model_config = service_config("intake")

    credentials_file: Path
    evidence_dir: Path
    token_key: Key
    identity_key: Key
    case_token_lifetime: timedelta = timedelta(hours=12)
    evidence_max_bytes: Annotated[int, Field(ge=1_024)] = 20 * 2**20
    evidence_max_items: Annotated[int, Field(ge=1)] = 30
    max_applications: Annotated[int, Field(ge=1)] = 3
    plan_within: timedelta = timedelta(hours=1)
    urgent_plan_within: timedelta = timedelta(minutes=30)
    reopen_window: timedelta = timedelta(days=30)
    identity_max_tries: Annotated[int, Field(ge=1)] = 3
    identity_max_tries_per_source: Annotated[int, Field(ge=1)] = 3
    identity_lock: timedelta = timedelta(minutes=30)
