"""``python -m deploy.local.sandbox.payments``: the payment provider as a program."""

from deploy.local.sandbox.options import api_options
from deploy.local.sandbox.payments.api import payment_routes, record_routes, refund_routes, settlement_routes
from deploy.local.sandbox.payments.book import PaymentBook
from deploy.local.sandbox.payments.schema import SCHEMA, bring_up_to_date
from deploy.local.sandbox.server import listen, serve
from deploy.local.sandbox.switches import PaymentSwitches
from deploy.local.sandbox.third_party import ThirdParty
from deploy.local.sandbox.ticker import Ticker

_SUMMARY = "A payment provider to practise on: captures, refunds with an asynchronous outcome, and faults at will."


def main() -> None:
    """Serve until SIGTERM."""
    options = api_options("payments", _SUMMARY)
    listener = listen(options.host, options.port)
    provider = ThirdParty(options, SCHEMA, PaymentSwitches)
    bring_up_to_date(provider.store)
    book = PaymentBook(provider.store, provider.board, provider.webhooks)
    settlement = Ticker("settlement", book.settle_due)
    routers = [
        payment_routes(book, provider.desk, provider.store),
        refund_routes(book, provider.desk, provider.store, settlement.wake),
        record_routes(provider.store, provider.board),
    ]
    app = provider.app(_SUMMARY, routers, [settlement])
    app.include_router(settlement_routes(book, provider.board))
    serve(app, options.name, listener)


if __name__ == "__main__":
    main()
