"""Mail by SMTP (aiosmtplib)."""

import socket
import ssl
import unicodedata
from collections.abc import Mapping
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import formataddr
from time import monotonic
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notifications.ports import Mail, MailDelayedError, MailRefusedError

_PERMANENT = 500
_MOSTLY_ASCII = 1.3
"""Bytes per character up to which quoted-printable is the shorter encoding."""
_NO_TEXT = frozenset({"Cc", "Zl", "Zp"})
"""Categories of characters that no header may hold: controls, and what Unicode has for breaking lines and paragraphs."""
_NOT_ALLOWED = 553
"""What a server says of an address that it does not take for one."""
_BOUNDARY = "=_alternative"
"""Between the bodies of a mail. Neither of their encodings ever writes ``=_``, so no text can look like it."""
_WARM_SECONDS = 5.0
"""How long an unused connection is trusted: mail servers and what stands before them close idle ones, the strictest after ten seconds."""


class SmtpUrlError(ValueError):
    """The address of the mail server is not one; the message says how it must look."""


class SmtpMailer:
    """Sends mails to one server, over connections that are used again while they are warm; the number at once is the caller's to bound."""

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
        # Each costs a look at the resolver or at the disk, so they are made once.
        self._local_hostname = socket.getfqdn()
        self._tls_context = ssl.create_default_context() if self._scheme != "smtp" else None
        self._warm: list[tuple[aiosmtplib.SMTP, float]] = []

    async def send(self, mail: Mail) -> None:
        """Send one mail. Raises ``MailRefusedError`` or ``MailDelayedError`` (see ports)."""
        try:
            message = as_email(mail)
            client = await self._connected()
            try:
                await client.send_message(message)
            except BaseException:
                client.close()
                raise
            self._warm.append((client, monotonic()))
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((refused.code for refused in error.recipients), default=0)
            raise (MailRefusedError(code) if code >= _PERMANENT else MailDelayedError(f"smtp {code}")) from error
        except aiosmtplib.SMTPResponseException as error:
            raise (MailRefusedError(error.code) if error.code >= _PERMANENT else MailDelayedError(f"smtp {error.code}")) from error
        except ValueError as error:  # an address that is none, or a field that no header can hold: it will never be sent
            raise MailRefusedError(_NOT_ALLOWED) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailDelayedError(type(error).__name__) from error

    async def _connected(self) -> aiosmtplib.SMTP:
        """A connection that nobody else uses, ready for a mail."""
        while self._warm:
            client, used_at = self._warm.pop()
            if client.is_connected and monotonic() - used_at < _WARM_SECONDS:
                return client
            client.close()
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._scheme == "smtps",
            start_tls=self._scheme == "smtp+starttls",
            tls_context=self._tls_context,
            local_hostname=self._local_hostname,
            timeout=self._timeout_seconds,
        )
        await client.connect()
        return client


def as_email(mail: Mail) -> Message:
    """A mail with both its bodies. Raises ``ValueError`` where a field holds a control character, such as a line break, or an address is none.

    It is made of the library's older classes: the newer parse each header that they are given, which takes ten times as long. Only they can write to
    an address beyond ASCII, which aiosmtplib then sends where the server takes it (RFC 6531).
    """
    for field in (mail.message_id, mail.sender_name, mail.sender, mail.recipient, mail.subject, mail.case_number, mail.locale):
        if any(unicodedata.category(character) in _NO_TEXT for character in field):
            raise ValueError("a header would hold a control character")
    headers = {
        "Message-ID": mail.message_id,
        "To": mail.recipient,
        "X-Case-Number": mail.case_number,
        "Auto-Submitted": "auto-generated",
        "Content-Language": mail.locale,
    }
    if not mail.recipient.isascii():
        return _international(mail, headers)
    message = MIMEMultipart("alternative", boundary=_BOUNDARY)
    for name, value in headers.items():
        message[name] = value
    message["From"] = formataddr((_encoded(mail.sender_name, "From"), mail.sender))
    message["Subject"] = _encoded(mail.subject, "Subject")
    message.attach(_body(mail.text, "plain"))
    message.attach(_body(mail.html, "html"))
    return message


def _international(mail: Mail, headers: Mapping[str, str]) -> Message:
    message = EmailMessage(SMTP)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    # After the content: setting that throws away what was said about it, such as its language.
    for name, value in {**headers, "From": formataddr((mail.sender_name, mail.sender)), "Subject": mail.subject}.items():
        message[name] = value
    return message


def _encoded(words: str, header: str) -> str:
    return words if words.isascii() else Header(words, "utf-8", maxlinelen=75, header_name=header).encode(linesep="")


def _body(text: str, subtype: str) -> MIMEText:
    """A body that any mail server passes on: readable where most of it is ASCII, in base64 else."""
    charset = Charset("utf-8")
    charset.body_encoding = QP
    if len(text.encode()) > len(text) * _MOSTLY_ASCII:
        charset.body_encoding, text = BASE64, text.replace("\n", "\r\n")
    return MIMEText(text, subtype, charset)  # type: ignore[arg-type]  # the stubs know names of charsets only
