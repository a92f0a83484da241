"""A consumer's handler for tests: one row per event, and misbehaviour where a test asks for it."""

from collections import defaultdict

from contracts.case_v1 import SatisfactionStated
from services.kit import quarantine
from services.kit.errors import PermanentError, TransientError
from services.kit.handlers import Handlers, Received
from services.kit.postgres import Connection, Pool
from services.kit.records import Kind


class Effects:
    """A handler that writes one row per event, and misbehaves where it is told to."""

    def __init__(self) -> None:
        self.permanent: set[object] = set()
        self.broken: set[object] = set()
        self.unavailable_times: dict[object, int] = defaultdict(int)
        self.calls: dict[object, int] = defaultdict(int)
        self.handlers = Handlers()
        self.handlers.on(SatisfactionStated)(self.handle)

    async def handle(self, connection: Connection, event: Received[SatisfactionStated]) -> None:
        self.calls[event.event_id] += 1
        await connection.execute("INSERT INTO effect (key, event_id) VALUES ($1, $2)", event.key, event.event_id)
        if event.event_id in self.permanent:
            raise PermanentError("it says something impossible")
        if event.event_id in self.broken:
            raise KeyError("a bug")
        if self.unavailable_times[event.event_id] > 0:
            self.unavailable_times[event.event_id] -= 1
            raise TransientError("not now")


async def effects_of(pool: Pool, *keys: object) -> list[object]:
    """The ids of the events of some keys that had their effect, in order."""
    rows = await pool.fetch("SELECT event_id FROM effect WHERE key = ANY($1::text[]) ORDER BY position", [str(key) for key in keys])
    return [row["event_id"] for row in rows]


async def open_kinds(pool: Pool, key: object) -> list[Kind]:
    """Why the open rows of a key are in quarantine, in order."""
    return [row.kind for row in await quarantine.find(pool, key=str(key), limit=1000)]
