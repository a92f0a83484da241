"""What Kafka says: every record of every topic, from the beginning, as it lies there."""

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from contracts.envelope import EnvelopeError, from_headers
from contracts.topics import TOPICS
from deploy.local.chaos.canaries import Canaries
from deploy.local.chaos.traces import Sent, Traces

_POLL_MILLISECONDS = 1_000
_RECORDS_AT_ONCE = 2_000
_UNREADABLE = "unreadable"


async def read_topics(bootstrap_servers: str, canaries: Canaries, traces: Traces) -> None:
    """Add all records, and every canary in them: in key, value and headers, also of the topic whose contacts are sealed."""
    names = [spec.topic.value for spec in TOPICS]
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        begins = await consumer.beginning_offsets(consumer.assignment())
        left = {place for place, end in ends.items() if begins[place] < end}
        while left:
            for records in (await consumer.getmany(*left, timeout_ms=_POLL_MILLISECONDS, max_records=_RECORDS_AT_ONCE)).values():
                for record in records:
                    _take(record, canaries, traces)
            for place in list(left):
                if await consumer.position(place) >= ends[place]:
                    left.discard(place)
    finally:
        await consumer.stop()


def _take(record: "ConsumerRecord[bytes, bytes]", canaries: Canaries, traces: Traces) -> None:
    place = f"{record.topic} {record.partition}:{record.offset}"
    headers = b" ".join(name.encode() + b"=" + (value or b"") for name, value in record.headers)
    content = b" ".join((record.key or b"", record.value or b"", headers))
    traces.sightings += canaries.look(content, f"topic {record.topic}", f"partition {record.partition}, offset {record.offset}")
    key = (record.key or b"").decode(errors="replace")
    try:
        envelope = from_headers(record.headers)
    except EnvelopeError:
        traces.kafka.append(Sent(place, _UNREADABLE, _UNREADABLE, record.topic, key, 0))
    else:
        traces.kafka.append(Sent(place, str(envelope.id), envelope.type, record.topic, key, envelope.sequence))
