"""Reads a raw message (RFC 5322, MIME): what a page or a search needs of it, however badly it is made."""

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
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
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
    return Letter(
        message_id=_header(message, "Message-ID"),
        subject=_header(message, "Subject") or "",
        sender=_header(message, "From") or "",
        to=_header(message, "To") or "",
        case_number=_header(message, "X-Case-Number"),
        text=_part(message, "plain") or "",
        html=_part(message, "html"),
        headers=[(name, _clean(str(value))) for name, value in message.raw_items()],
        attachments=[_describe(part) for part in message.iter_attachments()],
    )


def _header(message: EmailMessage, name: str) -> str | None:
    try:
        value = message[name]
    except (ValueError, IndexError, AttributeError, TypeError):  # the parser of structured headers trips over some malformed ones
        value = dict(message.raw_items()).get(name)
    return None if value is None else _clean(" ".join(str(value).split()))


def _part(message: EmailMessage, kind: str) -> str | None:
    body = message.get_body(preferencelist=(kind,))
    if body is None:
        return None
    try:
        return _clean(str(body.get_content()))
    except (LookupError, ValueError):  # an unknown or lying charset
        payload = body.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


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
