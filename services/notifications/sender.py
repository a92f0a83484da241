"""The sender: takes what the log says is due, sends it, and says so in the same transaction as the fact.

Delivery is at least once: a sender that dies between the mail server's answer and its own commit sends again, under the same message id. A
customer whom no mail can reach gets the message in-app, and an agent a task: a case never waits for a mail.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid5

from contracts.identifiers import CaseId, CustomerRef, MerchantId, derived_event_id
from contracts.merchant import Merchant
from contracts.message_v1 import AgentTaskOpened, MessageFailed, MessageSent
from services.kit import outbox
from services.kit.clock import utc_now
from services.kit.errors import is_transient
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection, Pool, autocommit, transaction
from services.notifications.adapters import messages
from services.notifications.adapters.contacts import Recipient
from services.notifications.adapters.messages import Message
from services.notifications.domain.rendering import Rendered, UnspeakableError, render
from services.notifications.ports import Mail, MailDelayedError, Mailer, MailRefusedError
from services.notifications.settings import NotificationsSettings

_IDLE_SECONDS = 0.25
_BATCH = 64
log = get_logger(__name__)


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
        limit = asyncio.Semaphore(self._settings.sender_concurrency)
        while not stop.is_set():
            due = await self._claim()
            async with asyncio.TaskGroup() as group:
                for message in due:
                    group.create_task(self._send_bounded(message, limit))
            if not due:
                await _sleep_unless(stop, _IDLE_SECONDS)

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

    async def _send_bounded(self, message: Message, limit: asyncio.Semaphore) -> None:
        async with limit:
            try:
                await self._send(message)
            except Exception as error:
                # One message that cannot be rendered or stored must not end the part: its lease runs out and it is tried again.
                log.exception("message.not_sent", message_id=str(message.message_id), moment=message.moment, error=type(error).__name__)

    async def _send(self, message: Message) -> None:
        recipient = self._recipient(message)
        if recipient is None and utc_now() < message.created_at + self._settings.contact_wait:
            await self._put_off(message, "contact_unknown")
            return
        try:
            words = self._render(message, recipient)
        except UnspeakableError:
            # What comes after it in the case must not wait for a template that is wrong.
            log.exception("message.unspeakable", message_id=str(message.message_id), moment=message.moment)
            await self._finish(message, None, "failed", "unspeakable")
            return
        mailer = self._mailers.get(message.to.test)
        if recipient is None or not recipient.email:
            await self._keep_in_app(message, words, "no_address")
        elif mailer is None:
            await self._keep_in_app(message, words, "no_mail_server")
        else:
            await self._mail(message, words, recipient, recipient.email, mailer)

    async def _mail(self, message: Message, words: Rendered, recipient: Recipient, address: str, mailer: Mailer) -> None:
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
            await self._keep_in_app(message, words, f"smtp_{error.code}")
        except MailDelayedError as error:
            if utc_now() >= message.created_at + self._settings.give_up_after:
                await self._keep_in_app(message, words, "mail_server_unreachable")
            else:
                await self._put_off(message, str(error))
        else:
            await self._finish(message, words, "sent")

    def _recipient(self, message: Message) -> Recipient | None:
        if message.audience == "staff":
            merchant = self._merchants[MerchantId(message.to.merchant_id)]
            return Recipient(name="", email=merchant.contact_address, locale=merchant.locale)
        return message.customer

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

    async def _keep_in_app(self, message: Message, words: Rendered, reason: str) -> None:
        await self._finish(message, words, "in_app", reason)

    async def _finish(self, message: Message, words: Rendered | None, state: str, reason: str | None = None) -> None:
        """Store the end of a message with the events that tell it: ``sent``, ``in_app`` or ``failed``; a reason also asks an agent."""
        now = utc_now()
        said = (words.subject, words.text) if words else None
        events: list[OutgoingEvent] = []
        if reason is not None:
            fallback = "in_app" if words else None
            events.append(self._event(MessageFailed(**_about(message, "email"), reason=reason, fallback=fallback, failed_at=now), message))
        if words is not None:
            way = "email" if state == "sent" else "in_app"
            events.append(self._event(MessageSent(**_about(message, way), sent_at=now), message))
        async with (autocommit if reason is None else transaction)(self._pool) as conn:
            finished = await outbox.append_if(conn, *messages.finishing(message, state, said, now, reason), events)
            if finished and reason is not None:
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
