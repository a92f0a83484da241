"""What notifications needs of the outside: a way to send a mail."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to go. ``message_id`` is the same at every attempt, so that a receiver recognises a repeat (RFC 5322, 3.6.4)."""

    message_id: str
    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    html: str
    case_number: str
    locale: str


class MailRefusedError(Exception):
    """The mail can never be delivered to this recipient: another way must be taken. ``code`` is the SMTP status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the mail server refused the mail for good ({code})")
        self.code = code


class MailDelayedError(Exception):
    """The mail could not be sent now, or nobody knows whether it was: try again with the same message id."""


class Mailer(Protocol):
    """Sends a mail, or says why not."""

    async def send(self, mail: Mail) -> None:
        """Send. Raises :class:`MailRefusedError` or :class:`MailDelayedError`."""
