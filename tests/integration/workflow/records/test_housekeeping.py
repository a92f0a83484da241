"""Results of operations are forgotten some time after their case ended, and only those."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.case_state import CaseOutcome
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.workflow.housekeeping import forget_operations
from tests.support.workflow_records import RecordsDesk

pytestmark = pytest.mark.engines

KEEP = timedelta(days=35)


async def a_result(desk: RecordsDesk, *, ended: timedelta | None, done: timedelta) -> UUID:
    """The result of an operation ``done`` that long ago, of a case that ``ended`` so long ago, or goes on."""
    case, operation_id = await desk.take(), uuid4()
    async with transaction(desk.pool) as conn:
        await conn.execute(
            "INSERT INTO operations (operation_id, case_id, result, done_at) VALUES ($1, $2, '{}', $3)",
            operation_id,
            case.case_id,
            utc_now() - done,
        )
        if ended is not None:
            await desk.cases.end(conn, case.case_id, CaseOutcome.REFUNDED, None, utc_now() - ended)
    return operation_id


async def test_results_are_forgotten_only_where_their_case_ended_long_ago(desk: RecordsDesk) -> None:
    day = timedelta(days=1)
    old = await a_result(desk, ended=KEEP + day, done=KEEP + 2 * day)
    kept = {
        await a_result(desk, ended=KEEP - day, done=KEEP + day),
        await a_result(desk, ended=None, done=KEEP + day),
        await a_result(desk, ended=KEEP + day, done=day),
    }
    async with desk.pool.acquire() as conn:
        assert await forget_operations(conn, KEEP) == 1
        assert await forget_operations(conn, KEEP) == 0
    rows = await desk.pool.fetch("SELECT operation_id FROM operations WHERE operation_id = ANY($1)", [old, *kept])
    assert {row["operation_id"] for row in rows} == kept
