"""Reads a raw message (RFC 5322, MIME): what a page or a search needs of it, however badly it is made."""

from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

_PREVIEW_LENGTH = 140


@dataclass(frozen=True)
class Letter:
    """A message in parts. ``html`` is None if it has no such part."""

    message_id: str | None
    subject: str
    sender: str
    to: str
    case_number: str | None
    text: str
    html: str | None
    headers: list[tuple[str, str]]
    attachments: list[dict[str, Any]]

    @property
    def preview(self) -> str:
        """The beginning of the text, on one line."""
        return " ".join(self.text.split())[:_PREVIEW_LENGTH]


def read_letter(raw: bytes) -> Letter:
    """Take a message apart. What cannot be decoded is shown as far as it can."""
    # The older interface of the library: it never trips over a malformed header, and takes a tenth of the time.
    message = message_from_bytes(raw)
    headers = [(name, _decoded(value)) for name, value in message.raw_items()]
    first = {name.lower(): value for name, value in reversed(headers)}
    parts = [part for part in message.walk() if not part.is_multipart()]
    bodies = [part for part in parts if part.get_content_disposition() != "attachment"]
    return Letter(
        message_id=first.get("message-id"),
        subject=first.get("subject", ""),
        sender=first.get("from", ""),
        to=first.get("to", ""),
        case_number=first.get("x-case-number"),
        text=_first(bodies, "text/plain") or "",
        html=_first(bodies, "text/html"),
        headers=headers,
        attachments=[_describe(part) for part in parts if part.get_content_disposition() == "attachment"],
    )


def _decoded(value: str) -> str:
    """The words of a header on one line, be they encoded (RFC 2047), plain UTF-8 (RFC 6532) or anything else."""
    plain = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        words = str(make_header(decode_header(plain)))
    except (HeaderParseError, LookupError, ValueError):  # an unknown or lying charset
        words = plain
    return _clean(" ".join(words.split()))


def _first(parts: list[Message], content_type: str) -> str | None:
    """The text of the first part of that type."""
    part = next((part for part in parts if part.get_content_type() == content_type), None)
    if part is None:
        return None
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return _clean(content.decode(part.get_content_charset("ascii"), "replace"))
    except LookupError:  # an unknown charset
        return content.decode("utf-8", "replace")


def _describe(part: Any) -> dict[str, Any]:
    payload = part.get_payload(decode=True)
    return {
        "filename": part.get_filename(),
        "content_type": part.get_content_type(),
        "bytes": len(payload) if isinstance(payload, bytes) else 0,
    }


def _clean(text: str) -> str:
    """Bytes that were no text arrive as lone surrogates, which neither JSON nor SQLite takes."""
    return text.encode("utf-8", "replace").decode()
