"""The SMTP side: takes messages in (RFC 5321), or fails to as the switches say."""

import asyncio
import logging
import socket
from fnmatch import fnmatchcase
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.mailbox.box import Box
from deploy.local.sandbox.mailbox.letter import read_letter
from deploy.local.sandbox.switches import MailSwitches

_LARGEST_BYTES = 25 * 1024 * 1024
_log = logging.getLogger(__name__)


class Postman:
    """Decides about each recipient and each message. The method names are aiosmtpd's."""

    def __init__(self, box: Box, board: FaultBoard[MailSwitches]) -> None:
        self._box = box
        self._board = board

    async def handle_RCPT(  # noqa: N802 (aiosmtpd looks for this name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse it for good."""
        if any(fnmatchcase(address.lower(), pattern.lower()) for pattern in self._board.now.reject_recipients):
            return "550 5.1.1 No such mailbox here (fault switch reject_recipients)"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd looks for this name)
        """Keep a message, then say so; or not."""
        faults = self._board.now
        if faults.delay_ms:
            await asyncio.sleep(faults.delay_ms / 1000)
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        letter = read_letter(raw)
        subject = letter.message_id or ",".join(envelope.rcpt_tos)
        if self._board.strikes("temporary_error", subject, faults.temporary_error_rate):
            return "451 4.3.0 Try again later (fault switch temporary_error_rate)"
        number = self._box.keep(envelope.mail_from or "", envelope.rcpt_tos, letter, raw)
        if self._board.strikes("drop_answer", subject, faults.drop_answer_rate):
            cast("asyncio.Transport", server.transport).abort()
        return f"250 2.0.0 Kept as {number}"

    async def handle_exception(self, error: Exception) -> str:
        """Answer what went wrong inside with a temporary error, so that the sender keeps the message."""
        if isinstance(error, ConnectionError):  # the connection this fault cut, or the client did
            return "421 4.4.2 Connection lost"
        _log.error("a message could not be taken", exc_info=error)
        return "451 4.3.0 Local error; try again later"


async def receive_mail(postman: Postman, listener: socket.socket) -> asyncio.Server:
    """Listen for SMTP on a bound socket."""
    loop = asyncio.get_running_loop()
    # aiosmtpd logs every command; warnings are enough here.
    logging.getLogger("mail.log").setLevel(logging.WARNING)

    def session() -> SMTP:
        return SMTP(
            postman, hostname="mailbox.sandbox", ident="sandbox mailbox", enable_SMTPUTF8=True, data_size_limit=_LARGEST_BYTES, loop=loop
        )

    return await loop.create_server(session, sock=listener)
