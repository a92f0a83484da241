"""The work list: what a person must look at."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter

from services.kit.clock import utc_now
from services.kit.paging import Page, encode_cursor
from services.kit.postgres import transaction
from services.kit.problems import Problem
from services.kit.tokens import StaffPrincipal
from services.logistics.adapters import task_rows
from services.logistics.adapters.task_rows import TaskKind
from services.logistics.api.desk import READ, RUN, Cursor, Desk, Limit, MerchantFilter, not_found, time_position
from services.logistics.api.models import TaskView, show_task
from services.logistics.handlers.tasks import NotRetryableError, retry


def routes(desk: Desk) -> APIRouter:
    """List tasks, and have one tried again."""
    router = APIRouter(prefix="/v1/tasks", tags=["tasks"])
    reader = desk.staff(*READ)
    keeper = desk.staff(*RUN)

    @router.get("")
    async def list_tasks(
        principal: Annotated[StaffPrincipal, reader],
        state: Literal["open", "done"] | None = None,
        kind: TaskKind | None = None,
        merchant_id: MerchantFilter = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[TaskView]:
        """Tasks, oldest first."""
        merchants = desk.merchants_of(principal, merchant_id)
        found = await task_rows.page(desk.pool, merchants, {"state": state, "kind": kind and kind.value}, time_position(cursor), limit)
        last = found[-1] if len(found) == limit else None
        return Page(
            items=[show_task(task) for task in found],
            next_cursor=None if last is None else encode_cursor([last.opened_at, str(last.task_id)]),
        )

    @router.post("/{task_id}/retry")
    async def retry_task(task_id: UUID, principal: Annotated[StaffPrincipal, keeper]) -> TaskView:
        """Book again what the carrier would not book, or what lacked an address."""
        async with transaction(desk.pool) as conn:
            task = await task_rows.lock(conn, task_id)
            if task is None or not principal.may_see(task.merchant_id):
                raise not_found("task")
            try:
                await retry(conn, task)
            except NotRetryableError:
                raise Problem(
                    409, "not_retryable", "There is nothing to try again.", "The task is done, or what it is about has gone on without it."
                ) from None
        return show_task(task, closed_at=utc_now())

    return router
