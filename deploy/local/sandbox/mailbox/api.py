"""The mailbox as JSON (docs/sandbox.md)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from deploy.local.sandbox.mailbox.box import Box, Search
from deploy.local.sandbox.paging import DEFAULT_LIMIT, Cursor, Limit


async def _search(
    to: Annotated[str | None, Query(description="part of an envelope recipient")] = None,
    q: Annotated[str | None, Query(description="part of subject, recipient or text")] = None,
    case: Annotated[str | None, Query(description="a case number")] = None,
    after: Annotated[int, Query(ge=0, description="only messages with a higher id")] = 0,
) -> Search:
    return Search(to=to, q=q, case_number=case, after=after)


SearchQuery = Annotated[Search, Depends(_search)]
"""The filters of a list in the query string."""


def message_routes(box: Box) -> APIRouter:
    """List, count, read and throw away messages."""
    router = APIRouter(prefix="/api", tags=["messages"])

    @router.get("/messages")
    async def list_messages(search: SearchQuery, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
        """Messages, newest first."""
        return box.find(search, cursor, limit)

    @router.get("/messages/count")
    async def count_messages(search: SearchQuery) -> dict[str, int]:
        """How many messages fit."""
        return {"count": box.count(search)}

    @router.delete("/messages", status_code=204)
    async def empty_box() -> None:
        """Throw all messages away."""
        box.empty()

    @router.get("/messages/{number}")
    async def read_message(number: int) -> dict[str, Any]:
        """One message with its parts."""
        return box.read(number)

    @router.get("/messages/{number}/raw")
    async def raw_message(number: int) -> Response:
        """One message as it came."""
        return Response(box.raw(number), media_type="message/rfc822")

    @router.get("/duplicates")
    async def duplicates() -> dict[str, Any]:
        """Messages that came more than once."""
        return box.duplicates()

    return router
