"""A mail says whose it is, in which language and about which case, and no field can smuggle in another header (RFC 5322)."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from aiosmtplib.email import flatten_message

from services.notifications.adapters.smtp import as_email
from services.notifications.ports import Mail

MAIL = Mail(
    message_id="<0b1c@shop.example>",
    sender="help@shop.example",
    sender_name="Blåbær & Søn",
    recipient="ann@example.com",
    subject="Ihre Rückgabe UK26-000001",
    text="Dear Ann,\n\n謝謝",
    html="<p>Dear Ann,</p><p>謝謝</p>",
    case_number="UK26-000001",
    locale="en-GB",
)


def test_headers_and_both_bodies_arrive() -> None:
    received = message_from_bytes(flatten_message(as_email(MAIL)), policy=policy.default)
    assert received["From"].addresses[0].display_name == "Blåbær & Søn"
    assert (received["To"], received["Subject"]) == ("ann@example.com", "Ihre Rückgabe UK26-000001")
    assert (received["Content-Language"], received["X-Case-Number"], received["Message-ID"]) == (
        "en-GB",
        "UK26-000001",
        "<0b1c@shop.example>",
    )
    bodies = [received.get_body((kind,)) for kind in ("plain", "html")]
    assert [body.get_content().split() for body in bodies if body] == [["Dear", "Ann,", "謝謝"], ["<p>Dear", "Ann,</p><p>謝謝</p>"]]


@pytest.mark.parametrize("field", ["subject", "recipient", "locale", "case_number"])
def test_a_line_break_makes_no_header(field: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|carriage|invalid"):
        as_email(replace(MAIL, **{field: "x\r\nBcc: all@example.com"}))
