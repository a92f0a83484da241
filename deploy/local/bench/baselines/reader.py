"""The bare consumer: ``getmany``, one INSERT of many rows, commit of the offsets: what anybody would write who wants each event's effect at least once."""

from itertools import chain
from time import perf_counter

from aiokafka import AIOKafkaConsumer

from services.kit.postgres import Pool

EFFECT_TABLE = "CREATE TABLE effect (event_id uuid NOT NULL, key text NOT NULL)"
INSERT_EFFECTS = "INSERT INTO effect (event_id, key) SELECT * FROM unnest($1::uuid[], $2::text[])"


async def read_bare(bootstrap_servers: str, topic: str, group: str, pool: Pool, count: int, *, uncounted: int, batch: int) -> float:
    """Read ``count`` records of a topic from its beginning; records a second, the first ``uncounted`` left out."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap_servers, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    read, began, counted_from = 0, 0.0, 0
    try:
        while read < count:
            records = list(chain.from_iterable((await consumer.getmany(timeout_ms=50, max_records=batch)).values()))
            if not records:
                continue
            ids = [dict(record.headers)["ce_id"].decode() for record in records]
            await pool.execute(INSERT_EFFECTS, ids, [record.key.decode() for record in records])
            await consumer.commit()
            read += len(records)
            if not began and read >= uncounted:
                began, counted_from = perf_counter(), read
        return (read - counted_from) / (perf_counter() - began)
    finally:
        await consumer.stop()
