"""Webhook signatures by the Standard Webhooks specification."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine

from services.kit.problems import Problem
from services.kit.webhooks import generate_secret, sign, verify

SECRET = generate_secret()
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BODY = b'{"amount_minor": 100}'


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def _code(secrets: list[str], headers: dict[str, str], body: bytes = BODY) -> str:
    with pytest.raises(Problem) as refused:
        verify(secrets, headers, body)
    assert refused.value.status == 401
    return refused.value.code


def test_the_specifications_own_example_signs_alike() -> None:
    headers = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, tz=UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_message_is_taken_and_says_who_and_when() -> None:
    message = verify([SECRET], sign(SECRET, "msg_1", BODY), BODY)
    assert (message.id, message.sent_at) == ("msg_1", NOW)


def test_header_names_are_taken_in_any_case() -> None:
    headers = {name.title(): value for name, value in sign(SECRET, "msg_1", BODY).items()}
    assert verify([SECRET], headers, BODY).id == "msg_1"


def test_any_current_secret_will_do() -> None:
    assert verify([generate_secret(), SECRET], sign(SECRET, "msg_1", BODY), BODY).id == "msg_1"


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    shanghai = NOW.astimezone(timezone(timedelta(hours=8)))
    assert sign(SECRET, "m", BODY, shanghai) == sign(SECRET, "m", BODY, NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_message_more_than_five_minutes_off_is_stale(minutes: int) -> None:
    headers = sign(SECRET, "msg_1", BODY, NOW + timedelta(minutes=minutes))
    assert _code([SECRET, generate_secret()], headers) == "webhook_timestamp_stale"


def test_everything_else_is_an_invalid_signature() -> None:
    good = sign(SECRET, "msg_1", BODY)
    assert _code([generate_secret()], good) == "webhook_signature_invalid"
    assert _code([], good) == "webhook_signature_invalid"
    assert _code([SECRET], good, b'{"amount_minor": 999}') == "webhook_signature_invalid"
    assert _code([SECRET], good, b"\xff") == "webhook_signature_invalid"
    assert _code([SECRET], {}) == "webhook_signature_invalid"
    for wrong in ("", "v1", "v1,###", "v2,abc", "v1,AAAA"):
        assert _code([SECRET], good | {"webhook-signature": wrong}) == "webhook_signature_invalid"
    for wrong in ("soon", "nan", "1e400"):
        assert _code([SECRET], good | {"webhook-timestamp": wrong}) == "webhook_signature_invalid"
