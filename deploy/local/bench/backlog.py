"""A backlog: whether the relay is as fast per event when a hundred thousand wait for it as when a few thousand do."""

from collections.abc import AsyncIterator

from deploy.local.bench.baselines.producer import make_topic
from deploy.local.bench.events import wire_events
from deploy.local.bench.place import Place
from deploy.local.bench.relaying import a_relay_at_work
from deploy.local.bench.report import Result, Row

ROWS = (
    RATIO := Row(
        "backlog.ratio",
        "x steady",
        "seconds to drain a backlog that was committed at once ÷ seconds that the same number takes at the steady rate, which is the mean of blocks of a "
        "twentieth before and after it",
        hold=1.3,
        aim=1.1,
        better="lower",
    ),
    SECONDS := Row("backlog.seconds", "s", "the drain itself", better="lower"),
)
_BLOCKS = 3
_SHARE = 20


async def measure_backlog(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    topic = await make_topic(place.kafka, "bench.backlog")
    events = wire_events(place.size.backlog)
    block = len(events) // _SHARE
    async with a_relay_at_work(place, "backlog") as relay:
        steady: list[float] = []

        async def steady_blocks() -> None:
            for number in range(_BLOCKS):
                await relay.forget()
                seconds = await relay.drain(topic, events[number * block : (number + 1) * block])
                steady.append(seconds / block)

        await steady_blocks()
        steady.clear()  # the first blocks warmed everything up
        await steady_blocks()
        await relay.forget()
        seconds = await relay.drain(topic, events)
        await steady_blocks()
    yield RATIO.is_(seconds / len(events) / (sum(steady) / len(steady)))
    yield SECONDS.is_(seconds)
