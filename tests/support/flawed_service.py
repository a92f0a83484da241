"""A service with a defect planted in it, for showing that a chaos run finds it: ``python -m tests.support.flawed_service DEFECT,… MODULE [PARTS]``.

Each defect replaces one function of the running process; the product's own files know nothing of them.
"""

import asyncio
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from contracts.contact_v1 import ContactRecorded
from contracts.identifiers import SubmissionId
from contracts.storefront_v1 import Contact
from contracts.topics import Topic
from deploy.local.chaos.wiring import Launch
from deploy.local.provision.postgres import SERVICES
from services.kit import consumer, inbox, relay
from services.kit.deliveries import Delivery
from services.kit.postgres import Connection, Pool
from services.kit.processor import Processor
from services.kit.records import Incoming, Record
from services.notifications.adapters import contacts
from services.workflow.adapters import ledger
from services.workflow.adapters.ledger import Entry
from services.workflow.adapters.provider_sandbox import SandboxProvider
from services.workflow.deliverer import CaseDeliverer
from services.workflow.payloads.case import CaseSignal, FactKind
from services.workflow.ports import ProviderRefund, Submission
from services.workflow.sweeper import Sweeper

EVERY_NTH_BATCH = 2
EVERY_NTH_EVENT = 7


def launch_flawed(defects: Mapping[str, Sequence[str]]) -> Launch:
    """Start the services that are named with these defects, everything else as usual."""

    def launch(name: str) -> Sequence[str]:
        module = f"services.{name}" if name in SERVICES else f"deploy.local.sandbox.{name}"
        return ["-m", __name__, ",".join(defects[name]), module] if name in defects else ["-m", module]

    return launch


def no_deduplication() -> None:
    """What was dealt with before is dealt with again."""
    real = inbox.claim

    async def claim(connection: Connection | Pool, topic: Topic, batch: Sequence[Incoming]) -> inbox.Claim:
        claimed = await real(connection, topic, batch)
        return replace(claimed, unseen={item.event_id for item in batch if item.event_id is not None})

    inbox.claim = claim


def offsets_without_effect() -> None:
    """Offsets are committed whether a batch had its effect or not. Every second one has none, as where a connection breaks; that alone does no harm."""
    real = Processor.process
    batches = 0

    async def process(self: Processor, records: Sequence[Record]) -> None:
        nonlocal batches
        batches += 1
        if batches % EVERY_NTH_BATCH == 0:
            raise ConnectionResetError("the connection broke")
        await real(self, records)

    Processor.process = process  # type: ignore[method-assign]  # that is the defect
    consumer.DurableBatch.nack = consumer.DurableBatch.ack  # type: ignore[method-assign]  # same


def skipped_row() -> None:
    """The relay takes some rows for sent that it never handed over."""
    real = relay.make_producer  # type: ignore[attr-defined]  # where the relay looks for it

    def make_producer(bootstrap_servers: str) -> AIOKafkaProducer:
        producer = real(bootstrap_servers)
        send = producer.send

        async def send_most(topic: str, **record: Any) -> Any:
            event_id = UUID(dict(record["headers"])["ce_id"].decode())
            if event_id.int % EVERY_NTH_EVENT == 0:
                promise = asyncio.get_running_loop().create_future()
                promise.set_result(None)
                return promise
            return await send(topic, **record)

        producer.send = send_most
        return producer

    relay.make_producer = make_producer  # type: ignore[attr-defined]  # same


def told_contact() -> None:
    """A contact is written to the log, past the masking."""
    real = contacts.keep

    async def keep(conn: Connection, event: ContactRecorded, contact: Contact) -> None:
        print(f"keeping {contact.name}", file=sys.stderr)  # noqa: T201 - that is the defect
        await real(conn, event, contact)

    contacts.keep = keep


def key_per_call() -> None:
    """Every second refund is submitted under a key that is another one at each call."""
    real = SandboxProvider.submit

    async def submit(self: SandboxProvider, submission: Submission) -> ProviderRefund:
        if submission.submission_id.int % 2:
            return await real(self, submission)
        said = await real(self, replace(submission, submission_id=SubmissionId(uuid4())))
        return replace(said, submission_id=submission.submission_id)

    SandboxProvider.submit = submit  # type: ignore[method-assign]  # that is the defect


def unbooked_entry() -> None:
    """Two of three entries of refunds are not written into the ledger; what goes with them is. Of the few refunds of a run some come back."""
    real = ledger.post
    entries = count()

    async def post(conn: Connection, entry: Entry) -> None:
        if entry.refund_id is None or next(entries) % 3 == 2:
            await real(conn, entry)

    ledger.post = post


def lost_signal() -> None:
    """Customers' word that they are satisfied is marked as delivered, and told to nobody; and no sweeper looks after cases."""
    real = CaseDeliverer._signal

    async def signal(self: CaseDeliverer, delivery: Delivery) -> None:
        heard = CaseSignal(event_id=delivery.payload["event_id"], kind=delivery.payload["kind"], data=delivery.payload["data"])
        if heard.kind != FactKind.SATISFACTION_STATED:
            await real(self, delivery)

    async def rest(self: Sweeper, stop: asyncio.Event) -> None:
        await stop.wait()

    CaseDeliverer._signal = signal  # type: ignore[method-assign]  # that is the defect
    Sweeper.run = rest  # type: ignore[method-assign]  # same


DEFECTS: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (no_deduplication, offsets_without_effect, skipped_row, told_contact, key_per_call, unbooked_entry, lost_signal)
}

if __name__ == "__main__":
    _, defects, module, *parts = sys.argv
    for defect in defects.split(","):
        DEFECTS[defect]()
    sys.exit(importlib.import_module(f"{module}.__main__").run(*parts))
