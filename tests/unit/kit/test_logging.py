"""Logs: one shape for everybody, and no personal data."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import structlog
from pydantic import BaseModel, ValidationError

from services.kit.logging import bound, configure_logging, get_logger
from services.kit.redaction import MASK, describe_error, describe_traceback, mask_text


@pytest.fixture
def log_as_json(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Configures when the test calls it: pytest adds its own handlers to the root logger before that."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    yield lambda: configure_logging("intake", format="json")
    structlog.reset_defaults()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_an_event_name_and_fields(log_as_json: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json()
    with bound(case_id="c1"):
        get_logger("x").info("case.opened", lines=2)
    line = _lines(capsys)[0]
    assert {"event": "case.opened", "level": "info", "service": "intake", "case_id": "c1", "lines": 2}.items() <= line.items()


def test_lines_below_the_level_are_left_out(log_as_json: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json()
    get_logger("x").debug("case.looked_at")
    get_logger("x").info("case.opened")
    assert [line["event"] for line in _lines(capsys)] == ["case.opened"]


def test_who_logs_does_not_fail_where_nobody_can_be_told(log_as_json: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115, PTH123 - closed below, while it is still logged to
    monkeypatch.setattr(sys, "stderr", full)
    log_as_json()
    get_logger("x").error("disk.full")
    with suppress(OSError):
        full.close()
    get_logger("x").error("stream.closed")


def test_libraries_log_the_same_way(log_as_json: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json()
    logging.getLogger("uvicorn.error").warning("write to %s", "anna@example.org")
    line = _lines(capsys)[0]
    assert line["event"] == f"write to {MASK}"
    assert line["service"] == "intake"


def test_personal_fields_and_look_alikes_are_masked_at_any_depth(
    log_as_json: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    log_as_json()
    get_logger("x").warning(
        "order.refused", email="anna@example.org", contact={"name": "Anna"}, seen=[{"note": "call +44 20 7946 0958", "phone": "1"}]
    )
    line = _lines(capsys)[0]
    assert (line["email"], line["contact"]) == (MASK, MASK)
    assert line["seen"] == [{"note": f"call {MASK}", "phone": MASK}]


def test_an_exception_is_logged_without_the_input_it_quotes(log_as_json: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json()

    class Contact(BaseModel):
        age: int

    quoted = {"age": "Anna Petrovna"}
    try:
        Contact.model_validate(quoted)
    except ValidationError:
        get_logger("x").exception("contact.refused")
    exception = str(_lines(capsys)[0]["exception"])
    assert "Anna" not in exception
    assert "age: int_parsing" in exception
    assert "test_logging.py" in exception


@pytest.mark.parametrize(
    "harmless",
    [
        "0191f3a4-7b6c-7d2e-8f10-123456789012",
        "C26-000001",
        "2026-03-02T09:30:00.123456Z",
        "127.0.0.1:29192",
        "amount 1234567890 minor",
        "SF1234567890123",
    ],
)
def test_ids_and_times_are_not_taken_for_phones(harmless: str) -> None:
    assert mask_text(harmless) == harmless


@pytest.mark.parametrize("personal", ["+8613812345678", "13812345678", "010-12345678", "+44 20 7946 0958", "a.b+c@mail.example.co.uk"])
def test_phones_and_mails_are_masked(personal: str) -> None:
    assert mask_text(f"reach me at {personal} please") == f"reach me at {MASK} please"


def _fail_inside() -> None:
    raise KeyError("inner")


def _fail_outside() -> None:
    try:
        _fail_inside()
    except KeyError as error:
        raise RuntimeError("outer") from error


def test_a_chain_of_errors_is_described_from_its_cause() -> None:
    with pytest.raises(RuntimeError) as raised:
        _fail_outside()
    text = describe_traceback(raised.value)
    assert text.index("KeyError") < text.index("RuntimeError: outer")
    assert describe_error(ValueError()) == "ValueError"
