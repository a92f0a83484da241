"""Messages on the real PostgreSQL and the real mailbox: once, in order, with a way out where mail fails (R-NTF-34)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx2
import pytest

from contracts.envelope import Envelope
from contracts.events import EventBody
from contracts.identifiers import CaseId, CustomerRef, EventId, MerchantId
from contracts.storefront_v1 import Contact
from contracts.topics import Topic
from services.kit.handlers import Received
from services.kit.postgres import Connection, Pool, open_pool, transaction
from services.kit.sealing import Sealer, generate_sealing_key
from services.notifications.adapters.messages import MESSAGES, PACKING, shown
from services.notifications.adapters.smtp import SmtpMailer
from services.notifications.handlers import build_handlers
from services.notifications.ports import Mail, Mailer
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings
from tests.support.builders import MERCHANT, OPENED_AT, a_case, a_merchant
from tests.support.sample_events import sample_events
from tests.support.sandbox import SandboxServer, a_sandbox
from tests.support.stack import DsnFactory

SEALER = Sealer.parse(generate_sealing_key("k1"))
EVENTS = {event.event_type: event for event in sample_events()}


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("mailbox", tmp_path_factory.mktemp("mailbox")) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_faults(mailbox: SandboxServer) -> None:
    httpx2.post(f"{mailbox.url}/admin/reset-faults").raise_for_status()


@pytest.fixture
async def pool(postgres_dsn_for: DsnFactory) -> AsyncIterator[Pool]:
    async with open_pool(await postgres_dsn_for("notifications"), service="notifications") as pool:
        yield pool


def settings(**changes: Any) -> NotificationsSettings:
    defaults: dict[str, Any] = {
        "postgres_dsn": "unused",
        "http_port": 1,
        "merchants_file": Path("unused"),
        "contact_wait": timedelta(0),
        "retry_min": timedelta(milliseconds=20),
        "retry_max": timedelta(milliseconds=50),
    }
    return NotificationsSettings(**(defaults | changes))


def mailer_to(mailbox: SandboxServer) -> SmtpMailer:
    return SmtpMailer(f"smtp://127.0.0.1:{mailbox.smtp_port}")


@asynccontextmanager
async def sending(pool: Pool, mailbox: SandboxServer, *, mailer: Mailer | None = None, **changes: Any) -> AsyncIterator[None]:
    sender = Sender(pool, settings(**changes), {MERCHANT: a_merchant()}, {True: mailer or mailer_to(mailbox)})
    stop = asyncio.Event()
    task = asyncio.create_task(sender.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


class Customer:
    """A customer with a case of their own, and what notifications hears of both."""

    def __init__(self, pool: Pool, email: str | None = "ann@example.com") -> None:
        self.pool = pool
        self.case_id, self.ref = CaseId(uuid4()), CustomerRef(uuid4())
        self.email = email.replace("@", f"-{self.ref.hex[:8]}@") if email else None
        self._handlers = build_handlers(SEALER)
        self._heard = 0

    async def hears(self, event: EventBody, event_id: UUID | None = None) -> None:
        async with transaction(self.pool) as conn:
            await self.is_told(conn, event, event_id)

    async def is_told(self, conn: Connection, event: EventBody, event_id: UUID | None = None) -> None:
        self._heard += 1
        own = event.model_copy(update={"case_id": self.case_id, "customer_ref": self.ref})
        envelope = Envelope(
            id=EventId(event_id or uuid4()),
            type=event.event_type,
            source="test",
            subject=event.partition_key,
            time=OPENED_AT,
            sequence=self._heard,
            merchant_id=MerchantId(event.merchant_id),
            test=True,
        )
        handler = self._handlers.events[event.event_type][1]
        await handler(conn, Received(own, envelope, event.topic, own.partition_key, 0, self._heard))

    async def introduces_themselves(self, version: int = 1) -> None:
        contact = Contact(name="Ann Example", email=self.email, locale="en")
        event = EVENTS["aftersales.contact.recorded.v1"]
        sealed = SEALER.seal(contact.model_dump_json().encode(), str(self.ref))
        await self.hears(event.model_copy(update={"sealed": sealed, "contact_version": version}))

    async def is_erased(self) -> None:
        envelope = Envelope(EventId(uuid4()), "x", "test", str(self.ref), OPENED_AT, 9, MERCHANT, test=True)
        async with transaction(self.pool) as conn:
            erase = self._handlers.tombstones[Topic.CONTACT]
            await erase(conn, Received(None, envelope, Topic.CONTACT, str(self.ref), 0, 9))

    async def log(self) -> list[dict[str, Any]]:
        rows = await self.pool.fetch(f"SELECT * FROM {MESSAGES} WHERE case_id = $1 ORDER BY position", self.case_id)  # noqa: S608 - a constant
        return [shown(row) for row in rows]

    async def tasks(self) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM agent_tasks WHERE case_id = $1", self.case_id)
        return count

    async def until(self, condition: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        async with asyncio.timeout(60):
            while not condition(log := await self.log()):  # noqa: ASYNC110 - the condition is in another process's table
                await asyncio.sleep(0.02)
        return log


def mails_to(mailbox: SandboxServer, customer: Customer) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{mailbox.url}/api/messages", params={"to": customer.email or "nobody", "limit": 100})
    found: list[dict[str, Any]] = answer.json()["data"]
    return found[::-1]


def all_finished(log: list[dict[str, Any]]) -> bool:
    return bool(log) and all(row["state"] != "pending" for row in log)


async def test_each_moment_is_said_once_and_in_order(pool: Pool, mailbox: SandboxServer) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves()
    for name in ("resolution.triaged", "resolution.offer_made", "resolution.agreed", "refund.settled"):
        await customer.hears(EVENTS[f"aftersales.{name}.v1"])
    async with sending(pool, mailbox):
        log = await customer.until(all_finished)
    assert [row["moment"] for row in log] == ["R-NTF-04", "R-NTF-05", "R-NTF-09", "R-NTF-14"]
    mails = mails_to(mailbox, customer)
    assert [mail["subject"] for mail in mails] == [row["subject"] for row in log]
    assert {mail["case_number"] for mail in mails} == {"C26-000001"}


class Held:
    """A mailer that keeps the mails to somebody back."""

    def __init__(self, mailer: Mailer, recipient: str | None) -> None:
        self._mailer, self._recipient = mailer, recipient
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def send(self, mail: Mail) -> None:
        if mail.recipient == self._recipient:
            self.asked.set()
            await self.let_go.wait()
        await self._mailer.send(mail)


async def test_what_was_sent_is_noted_while_another_mail_takes_its_time(pool: Pool, mailbox: SandboxServer) -> None:
    slow, *others = [Customer(pool) for _ in range(4)]
    for customer in (slow, *others):
        await customer.introduces_themselves()
        await customer.hears(EVENTS["aftersales.refund.settled.v1"])
    held = Held(mailer_to(mailbox), slow.email)
    async with sending(pool, mailbox, mailer=held):
        for customer in others:
            await customer.until(all_finished)
        assert [row["state"] for row in await slow.log()] == ["pending"]
        held.let_go.set()
        await slow.until(all_finished)
    for customer in (slow, *others):
        told = "SELECT count(*) FROM outbox WHERE key = $1 AND event_type = 'aftersales.message.sent.v1'"
        assert await pool.fetchval(told, str(customer.case_id)) == 1
        assert len(mails_to(mailbox, customer)) == 1


async def test_a_mail_that_waited_for_others_goes_to_the_address_of_now(pool: Pool, mailbox: SandboxServer) -> None:
    slow, moving = Customer(pool), Customer(pool)
    for customer in (slow, moving):
        await customer.introduces_themselves()
        await customer.hears(EVENTS["aftersales.refund.settled.v1"])
    held, left = Held(mailer_to(mailbox), slow.email), moving.email
    async with sending(pool, mailbox, mailer=held, sender_concurrency=1):
        await held.asked.wait()  # both are claimed
        moving.email = f"moved-{left}"
        await moving.introduces_themselves(version=2)
        await asyncio.sleep(1.1)
        held.let_go.set()
        await moving.until(all_finished)
    assert [mail["recipients"] for mail in mails_to(mailbox, moving)] == [[moving.email]]


async def test_an_event_heard_twice_is_said_once(pool: Pool, mailbox: SandboxServer) -> None:
    """R-NTF-34."""
    customer = Customer(pool)
    await customer.introduces_themselves()
    event_id = uuid4()
    for _ in range(2):
        await customer.hears(EVENTS["aftersales.refund.settled.v1"], event_id)
    async with sending(pool, mailbox):
        await customer.until(all_finished)
    assert len(mails_to(mailbox, customer)) == 1


async def test_the_same_moment_again_is_its_next_sequence(pool: Pool, mailbox: SandboxServer) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves()
    for _ in range(2):
        await customer.hears(EVENTS["aftersales.resolution.offer_made.v1"])
    async with sending(pool, mailbox):
        log = await customer.until(all_finished)
    assert [row["sequence"] for row in log] == [1, 2]


async def test_a_mail_server_that_is_busy_is_asked_again(pool: Pool, mailbox: SandboxServer) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves()
    await customer.hears(a_case())
    httpx2.patch(f"{mailbox.url}/admin/faults", json={"temporary_error_rate": 1.0}).raise_for_status()
    async with sending(pool, mailbox):
        await customer.until(lambda log: log[0]["attempts"] >= 2 and log[0]["failure"] == "smtp 451")
        httpx2.post(f"{mailbox.url}/admin/reset-faults").raise_for_status()
        await customer.until(all_finished)
    assert len(mails_to(mailbox, customer)) == 1


async def test_a_lost_answer_repeats_the_mail_under_the_same_message_id(pool: Pool, mailbox: SandboxServer) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves()
    await customer.hears(a_case())
    httpx2.patch(f"{mailbox.url}/admin/faults", json={"drop_answer_rate": 1.0}).raise_for_status()
    async with sending(pool, mailbox):
        await customer.until(lambda log: log[0]["attempts"] >= 2)
        httpx2.post(f"{mailbox.url}/admin/reset-faults").raise_for_status()
        await customer.until(all_finished)
    ids = [mail["message_id"] for mail in mails_to(mailbox, customer)]
    assert len(ids) >= 2
    assert len(set(ids)) == 1


@pytest.mark.parametrize("email", [None, ""])
async def test_a_customer_without_an_address_gets_it_in_app_and_an_agent_one_task(
    email: str | None, pool: Pool, mailbox: SandboxServer
) -> None:
    customer = Customer(pool, email)
    await customer.introduces_themselves()
    await customer.hears(a_case())
    await customer.hears(EVENTS["aftersales.resolution.offer_made.v1"])
    async with sending(pool, mailbox):
        log = await customer.until(all_finished)
    assert {(row["state"], row["failure"]) for row in log} == {("in_app", "no_address")}
    assert all(row["text"] for row in log)
    assert await customer.tasks() == 1


async def test_a_customer_nobody_has_heard_of_is_waited_for_then_kept_in_app(pool: Pool, mailbox: SandboxServer) -> None:
    patient, late = Customer(pool), Customer(pool)
    await late.hears(a_case())
    async with sending(pool, mailbox, contact_wait=timedelta(minutes=5)):
        await late.until(lambda log: log[0]["failure"] == "contact_unknown")
        await late.introduces_themselves()
        assert (await late.until(all_finished))[0]["state"] == "sent"
    await patient.hears(a_case())
    async with sending(pool, mailbox, contact_wait=timedelta(0)):
        assert (await patient.until(all_finished))[0]["state"] == "in_app"


async def test_a_message_without_words_asks_an_agent_and_holds_up_nothing(pool: Pool, mailbox: SandboxServer) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves()
    await customer.hears(EVENTS["aftersales.resolution.offer_made.v1"])
    (offer,) = await customer.log()
    await customer.hears(a_case())
    await pool.execute("UPDATE messages SET content = $1 WHERE message_id = $2", PACKING.pack(({}, None, None)), offer["message_id"])
    async with sending(pool, mailbox):
        log = await customer.until(all_finished)
    assert [(row["moment"], row["state"]) for row in log] == [("R-NTF-05", "failed"), ("R-NTF-01", "sent")]
    assert await customer.tasks() == 1


async def test_what_is_said_is_published_without_words_or_address(pool: Pool, mailbox: SandboxServer) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves()
    await customer.hears(a_case(), event_id := uuid4())
    async with sending(pool, mailbox):
        await customer.until(all_finished)
    rows = await pool.fetch("SELECT * FROM outbox WHERE key = $1", str(customer.case_id))
    assert len(rows) == 1
    written = str(dict(rows[0]))
    assert str(uuid5(event_id, "R-NTF-01/0")) in written
    assert "Ann" not in written
    assert (customer.email or "@") not in written


async def test_an_erased_customer_leaves_no_words_behind(pool: Pool, mailbox: SandboxServer) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves()
    await customer.hears(a_case())
    async with sending(pool, mailbox):
        await customer.until(all_finished)
    await customer.is_erased()
    assert [(row["subject"], row["text"]) for row in await customer.log()] == [(None, None)]
    assert await pool.fetchval("SELECT count(*) FROM contacts WHERE customer_ref = $1", customer.ref) == 0


@pytest.mark.parametrize(("refused", "state"), [(False, "sent"), (True, "in_app")])
async def test_a_customer_erased_while_a_mail_is_under_way_leaves_no_words_behind(
    refused: bool, state: str, pool: Pool, mailbox: SandboxServer
) -> None:
    """R-SEC-02: what is kept of the mail names nobody, whether the mail server takes it or not."""
    customer = Customer(pool)
    await customer.introduces_themselves()
    await customer.hears(a_case())
    if refused:
        httpx2.patch(f"{mailbox.url}/admin/faults", json={"reject_recipients": [customer.email]}).raise_for_status()
    held = Held(mailer_to(mailbox), customer.email)
    async with sending(pool, mailbox, mailer=held):
        await held.asked.wait()
        await customer.is_erased()
        held.let_go.set()
        log = await customer.until(all_finished)
    assert [(row["state"], row["subject"], row["text"]) for row in log] == [(state, None, None)]


async def test_an_older_contact_does_not_replace_a_newer_one(pool: Pool) -> None:
    customer = Customer(pool)
    await customer.introduces_themselves(version=2)
    newer, customer.email = customer.email, "old@example.com"
    await customer.introduces_themselves(version=1)
    assert await pool.fetchval("SELECT email FROM contacts WHERE customer_ref = $1", customer.ref) == newer


async def test_two_senders_share_the_work_without_saying_anything_twice(pool: Pool, mailbox: SandboxServer) -> None:
    customers = [Customer(pool) for _ in range(12)]
    for customer in customers:
        await customer.introduces_themselves()
        await customer.hears(a_case())
        await customer.hears(EVENTS["aftersales.resolution.offer_made.v1"])
    async with sending(pool, mailbox), sending(pool, mailbox):
        for customer in customers:
            await customer.until(all_finished)
    assert [len(mails_to(mailbox, customer)) for customer in customers] == [2] * 12


async def test_two_of_one_moment_that_come_at_the_same_time_get_a_number_each(pool: Pool) -> None:
    """Of different topics: neither sees the other's message before its commit."""
    customer, offer = Customer(pool), EVENTS["aftersales.resolution.offer_made.v1"]
    async with transaction(pool) as conn:
        await customer.is_told(conn, offer)
        second = asyncio.create_task(customer.hears(offer))
        done, _pending = await asyncio.wait({second}, timeout=0.3)
        assert not done
    await second
    assert [row["sequence"] for row in await customer.log()] == [1, 2]


async def test_an_event_that_comes_again_is_not_told_again(pool: Pool) -> None:
    customer, offer, event_id = Customer(pool), EVENTS["aftersales.resolution.offer_made.v1"], uuid4()
    await customer.hears(offer, event_id)
    await customer.hears(offer, event_id)
    assert [row["sequence"] for row in await customer.log()] == [1]
