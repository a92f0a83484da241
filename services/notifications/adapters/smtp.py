"""Mail by SMTP (aiosmtplib)."""

import ssl
from email.message import EmailMessage
from email.utils import formataddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notifications.ports import Mail, MailDelayedError, MailRefusedError

_PERMANENT = 500


class SmtpUrlError(ValueError):
    """The address of the mail server is not one; the message says how it must look."""


class SmtpMailer:
    """Sends each mail over a connection of its own to one server; the number at once is the caller's to bound."""

    def __init__(self, url: str, timeout_seconds: float = 20) -> None:
        """Read the server's address: ``smtp://``, ``smtps://`` or ``smtp+starttls://``. Raises :class:`SmtpUrlError`."""
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps", "smtp+starttls"} or not parts.hostname:
            raise SmtpUrlError(
                "the mail server's address must look like smtp://host:port, smtps://user:password@host or smtp+starttls://host"
            )
        self._host = parts.hostname
        self._port = parts.port or {"smtp": 25, "smtps": 465, "smtp+starttls": 587}[parts.scheme]
        self._scheme = parts.scheme
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._timeout_seconds = timeout_seconds

    async def send(self, mail: Mail) -> None:
        """Send one mail. Raises ``MailRefusedError`` or ``MailDelayedError`` (see ports)."""
        try:
            await aiosmtplib.send(
                _as_email(mail),
                hostname=self._host,
                port=self._port,
                username=self._username,
                password=self._password,
                use_tls=self._scheme == "smtps",
                start_tls=self._scheme == "smtp+starttls",
                tls_context=ssl.create_default_context() if self._scheme != "smtp" else None,
                timeout=self._timeout_seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((refused.code for refused in error.recipients), default=0)
            raise (MailRefusedError(code) if code >= _PERMANENT else MailDelayedError(f"smtp {code}")) from error
        except aiosmtplib.SMTPResponseException as error:
            raise (MailRefusedError(error.code) if error.code >= _PERMANENT else MailDelayedError(f"smtp {error.code}")) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailDelayedError(type(error).__name__) from error


def _as_email(mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = mail.message_id
    message["From"] = formataddr((mail.sender_name, mail.sender))
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["X-Case-Number"] = mail.case_number
    message["Content-Language"] = mail.locale
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
