"""A mail says whose it is, in which language and about which case, and no field can smuggle in another header (RFC 5322)."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from aiosmtplib.email import extract_recipients, flatten_message

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


@pytest.mark.parametrize("words", ["Dear Ann,", "謝謝" * 20], ids=["readable", "base64"])
def test_no_text_ends_its_part_of_a_mail(words: str) -> None:
    boundary = str(as_email(MAIL).get_boundary())
    text = f"{words}\n--{boundary}\n\nfor you\n--{boundary}--\nstill here\n"
    received = message_from_bytes(flatten_message(as_email(replace(MAIL, text=text))), policy=policy.default)
    assert [part.get_content_type() for part in received.iter_parts()] == ["text/plain", "text/html"]
    body = received.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == text.splitlines()


@pytest.mark.parametrize("control", ["\r\n", "\n", "\x0b", "\x0c", "\x85", "\u2028"])
@pytest.mark.parametrize("field", ["subject", "recipient", "sender_name", "locale", "case_number"])
def test_a_line_break_makes_no_header(field: str, control: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        as_email(replace(MAIL, **{field: f"x{control}Bcc: all@example.com"}))


@pytest.mark.parametrize("address", ["müller@example.com", "ann@mü.example"])
def test_an_address_beyond_ascii_stays_what_it_is(address: str) -> None:
    message = as_email(replace(MAIL, recipient=address))
    assert extract_recipients(message) == [address]
    assert (message["Message-ID"], message["Content-Language"]) == (MAIL.message_id, "en-GB")


def test_a_long_name_is_encoded_in_words_of_legal_length() -> None:
    received = flatten_message(as_email(replace(MAIL, sender_name="有限责任公司" * 12)))
    assert max(len(word) for word in received.split() if word.startswith(b"=?")) <= 75
    assert str(make_header(decode_header(message_from_bytes(received)["From"]))) == f"{'有限责任公司' * 12} <{MAIL.sender}>"
