"""Operations done once: a repeat gets the stored result, whatever has changed since."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from contracts.base import Model
from contracts.identifiers import CaseId
from services.kit.postgres import Connection

Result = TypeVar("Result", bound=Model)


async def once(conn: Connection, operation_id: UUID, case_id: CaseId, result: type[Result], run: Callable[[], Awaitable[Result]]) -> Result:
    """Run an operation and keep its result, or give back the result kept. The caller holds the case's row lock, so two never run at once."""
    stored = await conn.fetchval("SELECT result FROM operations WHERE operation_id = $1", operation_id)
    if stored is not None:
        return result.model_validate(stored)
    outcome = await run()
    await conn.execute("INSERT INTO operations (operation_id, case_id, result) VALUES ($1, $2, $3)", operation_id, case_id, outcome)
    return outcome
