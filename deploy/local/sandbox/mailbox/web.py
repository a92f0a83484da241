"""The pages a person reads mail on. Nothing is loaded from elsewhere, and the HTML of a message runs nothing and loads nothing."""

from importlib.resources import files
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from deploy.local.sandbox.mailbox.api import SearchQuery
from deploy.local.sandbox.mailbox.box import Box, MessageNotFoundError
from deploy.local.sandbox.paging import Cursor

_PACKAGE = "deploy.local.sandbox.mailbox"
_PER_PAGE = 50
_PAGE_POLICY = (
    "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'"
)
_LETTER_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_ASSETS = {"mailbox.css": "text/css", "mailbox.js": "text/javascript"}


def page_routes(box: Box) -> APIRouter:
    """The list, the message, and what they are drawn with."""
    router = APIRouter(include_in_schema=False)
    templates = Environment(loader=PackageLoader(_PACKAGE, "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    def show(template: str, status: int = 200, **values: object) -> HTMLResponse:
        html = templates.get_template(template).render(**values)
        return HTMLResponse(html, status_code=status, headers={"content-security-policy": _PAGE_POLICY})

    @router.get("/")
    async def list_page(search: SearchQuery, cursor: Cursor = None) -> HTMLResponse:
        found = box.find(search, cursor, _PER_PAGE)
        filters = {name: value for name, value in (("to", search.to), ("case", search.case_number), ("q", search.q)) if value}
        older = found["next_cursor"] and "/?" + urlencode({**filters, "cursor": found["next_cursor"]})
        newest = "/?" + urlencode(filters) if cursor else None
        return show("list.html", found=found, filters=filters, older=older, newest=newest, query=urlencode(filters))

    @router.get("/messages/{number}")
    async def message_page(number: int) -> HTMLResponse:
        try:
            return show("message.html", message=box.read(number))
        except MessageNotFoundError as error:
            return show("missing.html", status=404, message=error.message)

    @router.get("/messages/{number}/html")
    async def message_html(number: int) -> HTMLResponse:
        html = box.read(number)["html"] or ""
        return HTMLResponse(html, headers={"content-security-policy": _LETTER_POLICY})

    @router.get("/assets/{name}")
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            return Response(status_code=404)
        return Response((files(_PACKAGE) / "pages" / name).read_text("utf-8"), media_type=_ASSETS[name])

    return router
