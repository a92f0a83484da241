"""The sender: takes what the log says is due, sends it, and says so in the same transaction as the fact.

Delivery is at least once: a sender that dies between the mail server's answer and its own commit sends again, under the same message id. Messages of
several cases gather for a moment, and what was sent at about the same time is noted together. A customer whom no mail can reach gets the message in-app,
and an agent a task: a case never waits for a mail.
"""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from contracts.identifiers import CaseId, CustomerRef, MerchantId, derived_event_id
from contracts.merchant import Merchant
from contracts.message_v1 import AgentTaskOpened, MessageFailed, MessageSent
from services.kit import outbox
from services.kit.clock import utc_now
from services.kit.errors import is_transient
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection, Pool, autocommit, transaction
from services.notifications.adapters import contacts, messages
from services.notifications.adapters.contacts import Recipient
from services.notifications.adapters.messages import Message
from services.notifications.domain.rendering import Rendered, UnspeakableError, render
from services.notifications.ports import Mail, MailDelayedError, Mailer, MailRefusedError
from services.notifications.settings import NotificationsSettings

_GATHER_SECONDS = 0.25
"""How long messages gather before those that are due are claimed."""
_TOGETHER_SECONDS = 0.1
"""How long a message that was sent waits for others to be noted with it."""
_FRESH = timedelta(seconds=1)
"""How long what a claim says of a customer is taken for true."""
_BATCH = 64
log = get_logger(__name__)


class _Sent(NamedTuple):
    """A message that the mail server has taken, with the words it was sent with."""

    message: Message
    words: Rendered
    at: datetime


class Sender:
    """A part of the service that sends until it is told to stop."""

    name = "worker"

    def __init__(
        self,
        pool: Pool,
        settings: NotificationsSettings,
        merchants: Mapping[MerchantId, Merchant],
        mailers: Mapping[bool, Mailer],
    ) -> None:
        """``mailers`` by test mode: ``True`` for merchants in test mode, ``False`` for live ones; one may be absent."""
        self._pool = pool
        self._settings = settings
        self._merchants = merchants
        self._mailers = mailers

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until ``stop``; what is in hand is finished."""
        while not stop.is_set():
            due = await self._claim()
            await self._send_all(due)
            if len(due) < _BATCH:
                await _sleep_unless(stop, _GATHER_SECONDS)

    async def _send_all(self, due: Sequence[Message]) -> None:
        limit = asyncio.Semaphore(self._settings.sender_concurrency)
        async with asyncio.TaskGroup() as group:
            under_way = {group.create_task(self._send_bounded(message, limit)) for message in due}
            while under_way:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                done, under_way = await asyncio.wait(under_way, timeout=_TOGETHER_SECONDS)
                await self._note([sent for task in done if (sent := task.result()) is not None])

    async def _claim(self) -> list[Message]:
        """What is due now; nothing while the database is away."""
        try:
            async with autocommit(self._pool) as conn:
                return await messages.claim(conn, _BATCH, utc_now())
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("messages.not_claimed", error=type(error).__name__)
            return []

    async def _send_bounded(self, message: Message, limit: asyncio.Semaphore) -> _Sent | None:
        async with limit:
            try:
                return await self._send(message)
            except Exception as error:
                # One message that cannot be rendered or stored must not end the part: its lease runs out and it is tried again.
                log.exception("message.not_sent", message_id=str(message.message_id), moment=message.moment, error=type(error).__name__)
                return None

    async def _send(self, message: Message) -> _Sent | None:
        """Send a message; None where it was not, and what there is to say of that is said."""
        recipient = await self._recipient(message)
        if recipient is None and utc_now() < message.created_at + self._settings.contact_wait:
            await self._put_off(message, "contact_unknown")
            return None
        try:
            words = self._render(message, recipient)
        except UnspeakableError:
            # What comes after it in the case must not wait for a template that is wrong.
            log.exception("message.unspeakable", message_id=str(message.message_id), moment=message.moment)
            await self._finish(message, recipient, None, "failed", "unspeakable")
            return None
        mailer = self._mailers.get(message.to.test)
        if recipient is None or not recipient.email:
            await self._keep_in_app(message, recipient, words, "no_address")
        elif mailer is None:
            await self._keep_in_app(message, recipient, words, "no_mail_server")
        else:
            return await self._mail(message, words, recipient, recipient.email, mailer)
        return None

    async def _mail(self, message: Message, words: Rendered, recipient: Recipient, address: str, mailer: Mailer) -> _Sent | None:
        merchant = self._merchants[MerchantId(message.to.merchant_id)]
        try:
            await mailer.send(
                Mail(
                    message_id=f"<{message.message_id}@{merchant.contact_address.rpartition('@')[2]}>",
                    sender=merchant.contact_address,
                    sender_name=merchant.name,
                    recipient=address,
                    subject=words.subject,
                    text=words.text,
                    html=words.html,
                    case_number=message.to.case_number,
                    locale=recipient.locale or message.to.locale,
                )
            )
        except MailRefusedError as error:
            await self._keep_in_app(message, recipient, words, f"smtp_{error.code}")
        except MailDelayedError as error:
            if utc_now() >= message.created_at + self._settings.give_up_after:
                await self._keep_in_app(message, recipient, words, "mail_server_unreachable")
            else:
                await self._put_off(message, str(error))
        else:
            return _Sent(message, words, utc_now())
        return None

    async def _note(self, sent: Sequence[_Sent]) -> None:
        """Store that messages were sent, with the events that tell it: together, or one by one where that fails.

        Of one that cannot be stored the lease runs out, and it is sent again.
        """
        if not sent:
            return
        in_order = sorted(sent, key=lambda each: each.message.to.case_id)  # as anybody locks the sequences of their events
        try:
            async with transaction(self._pool) as conn:
                known = await contacts.hold(conn, [each.message.to.customer_ref for each in in_order])
                noted = await messages.note_sent(
                    conn, [(each.message, *_kept(each.message, each.words, known), each.at) for each in in_order]
                )
                await outbox.append(
                    conn,
                    [
                        self._event(_told(each.message, "email", each.at), each.message)
                        for each in in_order
                        if each.message.message_id in noted
                    ],
                )
        except Exception as error:
            log.exception("messages.not_noted", count=len(sent), error=type(error).__name__)
            if len(sent) > 1:
                for each in sent:
                    await self._note([each])

    async def _recipient(self, message: Message) -> Recipient | None:
        if message.audience == "staff":
            merchant = self._merchants[MerchantId(message.to.merchant_id)]
            return Recipient(name="", email=merchant.contact_address, locale=merchant.locale)
        if utc_now() - message.claimed_at < _FRESH:
            return message.customer
        async with self._pool.acquire() as conn:  # others took their time: their address may be another by now, or erased
            return await contacts.recipient(conn, message.to.customer_ref)

    def _render(self, message: Message, recipient: Recipient | None) -> Rendered:
        return render(
            message.moment,
            message.facts,
            locale=(recipient.locale if recipient else None) or message.to.locale,
            merchant=self._merchants[MerchantId(message.to.merchant_id)],
            case_number=message.to.case_number,
            name=recipient.name if recipient else "",
        )

    async def _put_off(self, message: Message, failure: str) -> None:
        wait = min(self._settings.retry_min * 2 ** min(message.attempts - 1, 20), self._settings.retry_max)
        async with transaction(self._pool) as conn:
            await messages.put_off(conn, message.message_id, utc_now() + wait, failure)

    async def _keep_in_app(self, message: Message, recipient: Recipient | None, words: Rendered, reason: str) -> None:
        await self._finish(message, recipient, words, "in_app", reason)

    async def _finish(self, message: Message, recipient: Recipient | None, words: Rendered | None, state: str, reason: str) -> None:
        """Store the end of a message that was not sent, ``in_app`` or ``failed``, with the events that tell it, and ask an agent to reach the customer."""
        now = utc_now()
        fallback = "in_app" if words else None
        failed = MessageFailed(**_about(message, "email"), reason=reason, fallback=fallback, failed_at=now)
        events = [self._event(failed, message)] + ([self._event(_told(message, "in_app", now), message)] if words else [])
        async with transaction(self._pool) as conn:
            customer = message.to.customer_ref
            # What was written while nobody knew the customer names nobody.
            known = {customer} if recipient is None else await contacts.hold(conn, [customer])
            said = _kept(message, words, known) if words else (None, None)
            if await outbox.append_if(conn, *messages.finishing(message, state, said, now, reason), events):
                await outbox.append(conn, await self._ask_agent(conn, message, reason, now))

    async def _ask_agent(self, conn: Connection, message: Message, reason: str, now: datetime) -> list[OutgoingEvent]:
        task_id = uuid5(message.to.case_id, f"agent-task/{reason}")
        if not await messages.open_agent_task(conn, task_id, message.to, reason, now):
            return []
        task = AgentTaskOpened(
            merchant_id=MerchantId(message.to.merchant_id),
            case_id=CaseId(message.to.case_id),
            case_number=message.to.case_number,
            customer_ref=CustomerRef(message.to.customer_ref),
            task_id=task_id,
            reason=reason,
            opened_at=now,
        )
        return [OutgoingEvent(body=task, event_id=derived_event_id(task_id, task.event_type), test=message.to.test)]

    @staticmethod
    def _event(body: MessageSent | MessageFailed, message: Message) -> OutgoingEvent:
        return OutgoingEvent(body=body, event_id=derived_event_id(message.message_id, body.event_type), test=message.to.test)


def _kept(message: Message, words: Rendered, known: AbstractSet[UUID]) -> tuple[str, str] | tuple[None, None]:
    """What is kept of the words: nothing where they may name a customer who was erased while they were under way (R-SEC-02)."""
    return (words.subject, words.text) if message.audience == "staff" or message.to.customer_ref in known else (None, None)


def _told(message: Message, way: str, at: datetime) -> MessageSent:
    return MessageSent(**_about(message, way), sent_at=at)


def _about(message: Message, way: str) -> dict[str, Any]:
    return {
        "merchant_id": message.to.merchant_id,
        "case_id": message.to.case_id,
        "case_number": message.to.case_number,
        "customer_ref": message.to.customer_ref,
        "message_id": message.message_id,
        "moment": message.moment,
        "sequence": message.sequence,
        "way": way,
        "locale": message.to.locale,
    }


async def _sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
