"""Mails that follow each other share a connection, and one that broke meanwhile costs no mail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx2
import pytest

from services.notifications.adapters.smtp import SmtpMailer
from services.notifications.ports import Mail, MailRefusedError
from tests.support.sandbox import SandboxServer, a_sandbox


class Line:
    """Passes bytes between mailers and a mailbox; counts connections, and can end them."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends it."""
        self.connections += 1
        onwards, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, back]
        await asyncio.gather(_pump(reader, back), _pump(onwards, writer), return_exceptions=True)

    async def end_all(self) -> None:
        """End all connections."""
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)
        self._writers.clear()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("mailbox", tmp_path_factory.mktemp("mailbox")) as server:
        yield server


@pytest.fixture
async def line(mailbox: SandboxServer) -> AsyncIterator[tuple[Line, SmtpMailer]]:
    line = Line(mailbox.smtp_port)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    yield line, SmtpMailer(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await line.end_all()
    server.close()


def a_mail(to: str) -> Mail:
    return Mail(f"<{uuid4()}@shop.example>", "help@shop.example", "Shop", to, "Hello", "Words", "<p>Words</p>", "UK26-000001", "en")


def received(mailbox: SandboxServer, to: str) -> int:
    total: int = httpx2.get(f"{mailbox.url}/api/messages", params={"to": to}).json()["total"]
    return total


async def test_mails_after_each_other_take_one_connection(mailbox: SandboxServer, line: tuple[Line, SmtpMailer]) -> None:
    passed, mailer = line
    for _ in range(3):
        await mailer.send(a_mail("ann@example.com"))
    assert (received(mailbox, "ann@example.com"), passed.connections) == (3, 1)


async def test_mails_at_once_take_one_each(mailbox: SandboxServer, line: tuple[Line, SmtpMailer]) -> None:
    passed, mailer = line
    await asyncio.gather(*(mailer.send(a_mail("bea@example.com")) for _ in range(3)))
    assert (received(mailbox, "bea@example.com"), passed.connections) == (3, 3)


async def test_a_connection_that_ended_meanwhile_is_made_anew(mailbox: SandboxServer, line: tuple[Line, SmtpMailer]) -> None:
    passed, mailer = line
    await mailer.send(a_mail("cid@example.com"))
    await passed.end_all()
    await mailer.send(a_mail("cid@example.com"))
    assert (received(mailbox, "cid@example.com"), passed.connections) == (2, 2)


async def test_a_mail_that_can_never_be_sent_is_refused(line: tuple[Line, SmtpMailer]) -> None:
    passed, mailer = line
    with pytest.raises(MailRefusedError):
        await mailer.send(a_mail("ann@example.com\x0c"))
    assert passed.connections == 0


async def test_a_refusal_spoils_no_later_mail(mailbox: SandboxServer, line: tuple[Line, SmtpMailer]) -> None:
    _, mailer = line
    httpx2.patch(f"{mailbox.url}/admin/faults", json={"reject_recipients": ["nobody@*"]}).raise_for_status()
    try:
        await mailer.send(a_mail("dan@example.com"))
        with pytest.raises(MailRefusedError):
            await mailer.send(a_mail("nobody@example.com"))
        await mailer.send(a_mail("dan@example.com"))
    finally:
        httpx2.post(f"{mailbox.url}/admin/reset-faults").raise_for_status()
    assert received(mailbox, "dan@example.com") == 2
