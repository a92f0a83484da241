"""The quarantine on real engines: what cannot be processed is kept raw, holds back its own key only, and is replayed in order."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from contracts.case_v1 import SatisfactionStated
from services.kit import quarantine
from services.kit.consumer import Consumers
from services.kit.postgres import Pool
from services.kit.records import Kind
from tests.integration.kit.effects import Effects, effects_of, open_kinds
from tests.integration.kit.support import TOPIC, a_case_key, an_event, headers_of, produce, running, until

pytestmark = pytest.mark.engines


async def test_a_permanent_error_holds_back_its_key_alone(
    pool: Pool, consumers: Consumers, effects: Effects, producer: AIOKafkaProducer
) -> None:
    bad_key, good_key = a_case_key(), a_case_key()
    bad = [an_event(bad_key) for _ in range(3)]
    good = [an_event(good_key) for _ in range(3)]
    effects.permanent.add(bad[0].event_id)
    for sequence, pair in enumerate(zip(bad, good, strict=True), start=1):
        for event in pair:
            await produce(producer, event, sequence)

    async def all_good() -> bool:
        return len(await effects_of(pool, good_key)) == 3 and len(await open_kinds(pool, bad_key)) == 3

    async with running(consumers):
        await until(all_good)
        assert await effects_of(pool, bad_key) == []
        rows = await quarantine.find(pool, key=str(bad_key))
        assert [row.kind for row in rows] == [Kind.PERMANENT, Kind.HELD, Kind.HELD]
        assert rows[0].reason == "it says something impossible"
        assert [row.event_id for row in rows] == [event.event_id for event in bad]
        assert rows[0].record.value == bad[0].value()
        assert dict(rows[0].record.headers)["ce_id"] == str(bad[0].event_id).encode()

        # Still impossible: it is tried, and goes on holding the others back.
        async with pool.acquire() as connection:
            assert await quarantine.request_replay(connection, row_id=rows[1].id) == 3

        async def nothing_requested() -> bool:
            return not await quarantine.waiting_for_replay(pool)

        await until(nothing_requested)
        assert await effects_of(pool, bad_key) == []
        assert (await quarantine.find(pool, key=str(bad_key)))[0].attempts == 1

        # A later event arrives while the key is held, then the cause is repaired.
        late = an_event(bad_key)
        await produce(producer, late, 4)

        async def late_is_held() -> bool:
            return len(await open_kinds(pool, bad_key)) == 4

        await until(late_is_held)
        effects.permanent.clear()
        async with pool.acquire() as connection:
            await quarantine.request_replay(connection, key=str(bad_key))

        async def none_open() -> bool:
            return not await open_kinds(pool, bad_key)

        await until(none_open)
        assert await effects_of(pool, bad_key) == [event.event_id for event in [*bad, late]]

        after = an_event(bad_key)
        await produce(producer, after, 5)

        async def flows_again() -> bool:
            return after.event_id in await effects_of(pool, bad_key)

        await until(flows_again)


async def test_dropping_the_cause_replays_what_it_held_back(
    pool: Pool, consumers: Consumers, effects: Effects, producer: AIOKafkaProducer
) -> None:
    key = a_case_key()
    events = [an_event(key) for _ in range(3)]
    effects.permanent.add(events[0].event_id)
    for sequence, event in enumerate(events, start=1):
        await produce(producer, event, sequence)

    async def three_open() -> bool:
        return len(await open_kinds(pool, key)) == 3

    async def two_effects() -> bool:
        return len(await effects_of(pool, key)) == 2

    async with running(consumers):
        await until(three_open)
        first = (await quarantine.find(pool, key=str(key)))[0]
        async with pool.acquire() as connection:
            dropped = await quarantine.drop(connection, first.id, "a test said so")
        assert dropped is not None
        await until(two_effects)
    assert await effects_of(pool, key) == [event.event_id for event in events[1:]]
    row = await quarantine.get(pool, first.id)
    assert row is not None
    assert (row.resolution, row.resolution_reason) == ("dropped", "a test said so")


async def test_an_unexpected_error_is_tried_again_and_then_quarantined_with_its_class(
    pool: Pool, consumers: Consumers, effects: Effects, producer: AIOKafkaProducer
) -> None:
    event = an_event()
    key = event.body.partition_key
    effects.broken.add(event.event_id)
    await produce(producer, event, 1)

    async def is_open() -> bool:
        return await open_kinds(pool, key) == [Kind.UNEXPECTED]

    async with running(consumers):
        await until(is_open)
    assert effects.calls[event.event_id] > 2
    assert "KeyError" in (await quarantine.find(pool, key=key))[0].reason


async def test_bad_records_are_quarantined_and_other_keys_go_on(pool: Pool, consumers: Consumers, producer: AIOKafkaProducer) -> None:
    names = (
        "no json",
        "broken header",
        "missing header",
        "unknown type",
        "unknown version",
        "wrong fields",
        "other subject",
        "null header",
    )
    events = {name: an_event() for name in names}
    key = {name: event.body.partition_key for name, event in events.items()}
    type_ = SatisfactionStated.event_type
    await produce(producer, events["no json"], 1, value=b"<xml/>")
    raw = [*headers_of(events["broken header"], 1, source=None), ("ce_source", b"\xff\xfe")]
    await producer.send_and_wait(TOPIC, value=b"{}", key=key["broken header"].encode(), headers=raw)
    await produce(producer, events["missing header"], 1, id=None)
    await produce(producer, events["unknown type"], 1, type="aftersales.case.danced.v1")
    await produce(producer, events["unknown version"], 1, type=type_.replace(".v1", ".v9"))
    await produce(producer, events["wrong fields"], 1, value=b'{"merchant_id": "demo-shop"}')
    await produce(producer, events["other subject"], 1, subject="somebody else")
    null_header = [*headers_of(events["null header"], 1, type=None), ("ce_type", None)]
    await producer.send_and_wait(TOPIC, value=b"{}", key=key["null header"].encode(), headers=null_header)
    await producer.send_and_wait(TOPIC, value=b"{}", key=None, headers=[])
    await producer.send_and_wait(TOPIC, value=b"{}", key=b"\xff\xfe", headers=[])
    good = an_event()
    await produce(producer, good, 1)

    async def without_a_key() -> list[Any]:
        return list(await pool.fetch("SELECT key, hold_key, kind FROM quarantine WHERE key IS NULL OR key = $1", b"\xff\xfe"))

    async def has_come() -> bool:
        kinds = [await open_kinds(pool, key[name]) for name in names]
        return (
            bool(await effects_of(pool, good.body.partition_key))
            and all(kinds)
            and {row["key"] for row in await without_a_key()} == {None, b"\xff\xfe"}
        )

    async with running(consumers):
        await until(has_come)
    kinds = {name: (await open_kinds(pool, key[name]))[0] for name in names}
    assert kinds.pop("unknown type") == kinds.pop("unknown version") == Kind.UNKNOWN_TYPE
    assert set(kinds.values()) == {Kind.MALFORMED}
    keyless = await without_a_key()
    assert {(row["hold_key"], row["kind"]) for row in keyless} == {(None, "malformed")}
