"""The HTTP side, for staff: what was said to whom in a case, and whom to call. It speaks of messages that are this service's own."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query

from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.health import Health
from services.kit.http import create_app
from services.kit.paging import decode_cursor, encode_cursor
from services.kit.postgres import Pool, transaction
from services.kit.problems import Problem
from services.kit.tokens import ALL_MERCHANTS, StaffPrincipal, StaffTokens, staff_dependency
from services.notifications.adapters.messages import MESSAGES, shown

_READERS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.AFTER_SALES_MANAGER, Role.DUTY_DIRECTOR, Role.SERVICE_QUALITY})


def build_app(pool: Pool, tokens: StaffTokens, health: Health) -> FastAPI:
    """The application with all routes."""
    app = create_app(title="notifications", version="1", health=health)
    app.include_router(_routes(pool, tokens))
    return app


def _routes(pool: Pool, tokens: StaffTokens) -> APIRouter:
    authenticated = staff_dependency(tokens)

    def reader(principal: Annotated[StaffPrincipal, Depends(authenticated)]) -> StaffPrincipal:
        if not principal.roles & _READERS:
            raise Problem(403, "role_not_allowed", "Your role may not read messages.", f"Ask for one of: {', '.join(sorted(_READERS))}.")
        return principal

    router = APIRouter(prefix="/v1")
    _add_messages(router, pool, Depends(reader))
    _add_tasks(router, pool, Depends(reader))
    return router


def _visible_to(principal: StaffPrincipal) -> list[str] | None:
    """The merchants whose rows they may see; None for all."""
    return None if ALL_MERCHANTS in principal.merchants else sorted(principal.merchants)


def _add_messages(router: APIRouter, pool: Pool, reading: Any) -> None:
    @router.get("/messages", summary="Messages, newest first; words only where one message is asked for")
    async def list_messages(
        principal: Annotated[StaffPrincipal, reading],
        case_number: str | None = None,
        case_id: UUID | None = None,
        moment: Annotated[str | None, Query(pattern=r"^R-NTF-\d{2}$")] = None,
        state: Annotated[str | None, Query(pattern="^(pending|sent|in_app|failed)$")] = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        before = decode_cursor(cursor)[0] if cursor else None
        rows = await pool.fetch(
            f"""
            SELECT position, message_id, merchant_id, case_id, case_number, customer_ref, moment, sequence, audience, locale, state, attempts,
                   created_at, sent_at, failure
            FROM {MESSAGES}
            WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::text IS NULL OR case_number = $2) AND ($3::uuid IS NULL OR case_id = $3)
              AND ($4::text IS NULL OR moment = $4) AND ($5::text IS NULL OR state = $5) AND ($6::bigint IS NULL OR position < $6)
            ORDER BY position DESC LIMIT $7
            """,  # noqa: S608 - a constant of the adapter
            _visible_to(principal),
            case_number,
            case_id,
            moment,
            state,
            before,
            limit + 1,
        )
        items = [dict(row) for row in rows[:limit]]
        next_cursor = encode_cursor([items[-1]["position"]]) if len(rows) > limit else None
        return {"items": [{key: value for key, value in item.items() if key != "position"} for item in items], "next_cursor": next_cursor}

    @router.get("/messages/{message_id}", summary="One message with its words")
    async def read_message(message_id: UUID, principal: Annotated[StaffPrincipal, reading]) -> dict[str, Any]:
        row = await pool.fetchrow(
            f"SELECT * FROM {MESSAGES} WHERE message_id = $1 AND ($2::text[] IS NULL OR merchant_id = ANY($2))",  # noqa: S608 - a constant of the adapter
            message_id,
            _visible_to(principal),
        )
        if row is None:
            raise Problem(404, "message_not_found", "There is no such message.")
        return shown(row)


def _add_tasks(router: APIRouter, pool: Pool, reading: Any) -> None:
    @router.get("/agent-tasks", summary="Customers whom no mail reaches: somebody must call")
    async def list_tasks(
        principal: Annotated[StaffPrincipal, reading], *, done: bool = False, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> dict[str, Any]:
        rows = await pool.fetch(
            "SELECT * FROM agent_tasks WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND (done_at IS NOT NULL) = $2 ORDER BY opened_at, task_id LIMIT $3",
            _visible_to(principal),
            done,
            limit,
        )
        return {"items": [dict(row) for row in rows]}

    @router.post("/agent-tasks/{task_id}/done", summary="The customer has been reached")
    async def finish_task(task_id: UUID, principal: Annotated[StaffPrincipal, reading]) -> dict[str, Any]:
        async with transaction(pool) as conn:
            row = await conn.fetchrow(
                """
                UPDATE agent_tasks SET done_at = coalesce(done_at, $3), done_by = coalesce(done_by, $4)
                WHERE task_id = $1 AND ($2::text[] IS NULL OR merchant_id = ANY($2)) RETURNING *
                """,
                task_id,
                _visible_to(principal),
                utc_now(),
                principal.staff_id,
            )
        if row is None:
            raise Problem(404, "task_not_found", "There is no such task.")
        return dict(row)
