"""``python -m deploy.local.sandbox.mailbox``: the mailbox as a program."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from deploy.local.sandbox.admin import fault_routes
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.mailbox.api import message_routes
from deploy.local.sandbox.mailbox.box import Box
from deploy.local.sandbox.mailbox.schema import SCHEMA
from deploy.local.sandbox.mailbox.smtp import Postman, receive_mail
from deploy.local.sandbox.mailbox.web import page_routes
from deploy.local.sandbox.options import Options, base_parser
from deploy.local.sandbox.server import address_of, listen, make_app, serve
from deploy.local.sandbox.store import Store
from deploy.local.sandbox.switches import MailSwitches

_SUMMARY = "A mailbox to practise on: takes every mail by SMTP, shows it on a page, and fails at will."


def main() -> None:
    """Serve until SIGTERM."""
    parser = base_parser("mailbox", _SUMMARY)
    parser.add_argument("--smtp-port", type=int, required=True, help="port for SMTP; 0 takes a free one")
    given = parser.parse_args()
    options = Options(name="mailbox", host=given.host, port=given.port, data=given.data)
    pages = listen(options.host, options.port)
    smtp = listen(options.host, given.smtp_port, "--smtp-port")
    store = Store(options.database, SCHEMA)
    board, box = FaultBoard(store, MailSwitches), Box(store)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        server = await receive_mail(Postman(box, board), smtp)
        yield
        # Not waited for: a client that keeps its connection open must not keep the server up.
        server.close()
        store.close()

    app = make_app(options.name, _SUMMARY, lifespan)
    for router in (message_routes(box), fault_routes(board), page_routes(box)):
        app.include_router(router)
    serve(app, options.name, pages, also=[f"smtp on {address_of(smtp)}"])


if __name__ == "__main__":
    main()
