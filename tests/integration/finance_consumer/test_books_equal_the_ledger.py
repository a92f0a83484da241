"""A finance system that only listens ends at the balances of the platform's own ledger, whatever happens to it on the way (R-RFD-12, R-RFD-13)."""

import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from contracts.envelope import from_headers, to_headers
from contracts.identifiers import EventId, OrderId
from contracts.refund_v1 import RefundSettled
from deploy.examples.finance_consumer.record import Record
from tests.integration.finance_consumer.listener import Listener, balances, ended
from tests.integration.finance_consumer.told import Told, commit_offsets, send
from tests.support.waiting import eventually

pytestmark = pytest.mark.engines

SOUND: dict[str, list[Any]] = {"set_aside": [], "gaps": [], "clashes": []}


def is_all_of(told: Told, status: int, report: dict[str, object], listener: Listener) -> None:
    assert balances(report) == told.balances
    assert listener.entries() == told.entries
    assert (status, {name: report[name] for name in SOUND}) == (0, SOUND)


async def test_the_books_equal_the_ledger(told: Told, listener: Listener) -> None:
    """Settled, reversed, paid again, given up before and after it was settled; a payout and an entry of finance's own."""
    assert {"freight.topup", "carrier.claims"} <= {account for _, _, account in told.balances}
    assert len(told.entries) > 40
    is_all_of(told, *await listener.read(), listener)


async def test_a_listener_killed_in_the_middle_goes_on_where_it_was(
    kafka_bootstrap: str, told: Told, make_topic: Callable[..., Awaitable[str]], listener_of: Callable[[str], Listener]
) -> None:
    """Once wherever it happens to be, and once with records in hand that it cannot write down any more."""
    listener = listener_of(await make_topic(partitions=3))
    half = len(told.records) // 2
    await send(kafka_bootstrap, listener.topic, told.records[:half])
    process = await listener.start("--max-records", "1")
    await eventually(partial(listener.has_read, 10), "the listener to have begun")
    await killed(process)
    process = await listener.start("--max-records", "1")
    await eventually(partial(listener.has_read, half), "the listener to have read half")
    with listener.books_held():
        await send(kafka_bootstrap, listener.topic, told.records[half:])
        await killed(process)
    assert not listener.has_read(len(told.records))
    is_all_of(told, *await listener.read(), listener)


async def killed(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert process.returncode == -signal.SIGKILL


async def test_a_listener_that_is_asked_to_stop_ends_with_a_report(told: Told, listener: Listener) -> None:
    process = await listener.start()
    await eventually(partial(listener.has_read, len(told.records)), "the listener to have read all")
    process.send_signal(signal.SIGTERM)
    is_all_of(told, *await ended(process), listener)


async def test_lost_books_are_written_anew_although_the_group_has_committed_the_end(told: Told, listener: Listener) -> None:
    await listener.read()
    for path in listener.state.parent.glob("books.sqlite*"):
        path.unlink()
    is_all_of(told, *await listener.read(), listener)


@pytest.mark.parametrize("offset", [0, 7])
async def test_a_rewound_offset_changes_nothing(kafka_bootstrap: str, told: Told, listener: Listener, offset: int) -> None:
    await listener.read()
    await commit_offsets(kafka_bootstrap, told.topic, listener.group, offset)
    is_all_of(told, *await listener.read(), listener)


async def test_books_from_a_backup_say_what_they_lack_until_all_is_read_again(
    kafka_bootstrap: str, told: Told, make_topic: Callable[..., Awaitable[str]], listener_of: Callable[[str], Listener]
) -> None:
    """The offsets are further than the books."""
    listener = listener_of(await make_topic(partitions=3))
    backup = listener.state.with_suffix(".backup")
    await send(kafka_bootstrap, listener.topic, told.records[:40])
    await listener.read()
    shutil.copy(listener.state, backup)
    await send(kafka_bootstrap, listener.topic, told.records[40:80])
    await listener.read()
    shutil.copy(backup, listener.state)
    await send(kafka_bootstrap, listener.topic, told.records[80:])
    status, report = await listener.read()
    assert status == 1
    assert report["gaps"]
    is_all_of(told, *await listener.read("--from-beginning"), listener)


async def test_records_that_came_twice_and_ones_that_cannot_be_used_change_no_balance_and_are_reported(
    kafka_bootstrap: str, told: Told, make_topic: Callable[..., Awaitable[str]], listener_of: Callable[[str], Listener]
) -> None:
    listener = listener_of(await make_topic(partitions=3))
    settled = next(record for record in told.records if b"settled" in dict(record.headers)["ce_type"])
    poison = Record(topic="", partition=0, offset=0, key=b"\xff", value=b"\x00", headers=[("ce_id", b"\xfe")])
    half = len(told.records) // 2
    records = [*told.records[:half], poison, *told.records[:half], *unusable(settled), *told.records[half:], *told.records]
    await send(kafka_bootstrap, listener.topic, records)
    for _ in range(2):
        status, report = await listener.read("--from-beginning")
        assert balances(report) == told.balances
        assert listener.entries() == told.entries
        assert status == 1
        reasons = "\n".join(aside["reason"] for aside in report["set_aside"])
        assert len(report["set_aside"]) == 3
        for reason in ("ce_id is not UTF-8", "the journal sums to", "unknown event type 'aftersales.refund.forgiven.v1'"):
            assert reason in reasons


async def test_a_topic_that_is_not_there_is_named(kafka_bootstrap: str, listener_of: Callable[[str], Listener]) -> None:
    process = await listener_of("nowhere").start()
    _, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (2, "there is no topic nowhere: the platform makes it when it starts\n")


def unusable(settled: Any) -> list[Record]:
    """A journal that does not sum to zero, and a type of tomorrow, as events of orders of their own."""
    body = RefundSettled.model_validate_json(settled.value)
    found = []
    for event_type in (body.event_type, "aftersales.refund.forgiven.v1"):
        order = OrderId(uuid4())
        wrong = body.model_copy(update={"order_id": order, "ledger_entry_id": uuid4(), "journal": body.journal[:1]})
        envelope = replace(from_headers(settled.headers), id=EventId(uuid4()), subject=str(order), sequence=1, type=event_type)
        value = wrong.model_dump_json().encode()
        found.append(Record(topic="", partition=0, offset=0, key=str(order).encode(), value=value, headers=[*to_headers(envelope)]))
    return found
