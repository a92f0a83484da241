"""A back-fill over HTTP, as ``aftersales orders import`` does it."""

import asyncio
import json
from pathlib import Path

import pytest

from services.intake.api import build_app
from services.intake.commands import HttpBatchApi
from services.intake.house import House
from services.intake.import_orders import ImportState, OrderImport
from services.kit.health import Health
from services.kit.http import HttpPart
from tests.integration.intake.desk import Desk, a_number, a_snapshot
from tests.integration.kit.support import running
from tests.support.ports import own_port

pytestmark = pytest.mark.engines


async def test_a_file_arrives_whole_and_its_bad_lines_are_named(house: House, desk: Desk, tmp_path: Path) -> None:
    numbers = [a_number() for _ in range(120)]
    lines = [json.dumps(a_snapshot(number)) for number in numbers]
    lines.insert(3, "{}")
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join(lines))
    port = own_port()
    seen: list[int] = []

    def advanced(state: ImportState) -> None:
        seen.append(state.line)

    async with running(HttpPart(build_app(house, Health()), "127.0.0.1", port)):
        with HttpBatchApi(f"http://127.0.0.1:{port}", "ak_demo-shop", patience_seconds=20) as api:
            importing = OrderImport(file, api)
            state = await asyncio.to_thread(importing.run, advanced)

    assert (state.recorded, state.rejected, seen) == (120, 1, [100, 121])
    [rejected] = [json.loads(line) for line in importing.rejected_file.read_text().splitlines()]
    assert (rejected["line"], rejected["code"]) == (4, "invalid_order")
    assert "/order_version: Field required" in rejected["detail"]
    assert await house.pool.fetchval("SELECT count(*) FROM orders WHERE number = ANY($1)", numbers) == 120
    assert (await desk.order_on_record(numbers[-1])).number == numbers[-1]
