"""``python -m deploy.local.sandbox.carrier``: the carrier as a program."""

from deploy.local.sandbox.carrier.api import behaviour_routes, booking_routes, lookup_routes, public_routes
from deploy.local.sandbox.carrier.behaviour import Progress
from deploy.local.sandbox.carrier.book import CarrierBook
from deploy.local.sandbox.carrier.schema import SCHEMA
from deploy.local.sandbox.options import api_options
from deploy.local.sandbox.server import address_of, listen, serve
from deploy.local.sandbox.switches import HttpSwitches
from deploy.local.sandbox.third_party import ThirdParty
from deploy.local.sandbox.ticker import Ticker

_SUMMARY = "A carrier to practise on: bookings, waybills, scans by webhook, and faults at will."


def main() -> None:
    """Serve until SIGTERM."""
    options = api_options("carrier", _SUMMARY)
    listener = listen(options.host, options.port)
    carrier = ThirdParty(options, SCHEMA, HttpSwitches)
    book = CarrierBook(carrier.store, carrier.webhooks, f"http://{address_of(listener)}")
    progress = Progress(carrier.store, book)
    travel = Ticker("travel", progress.step)
    routers = [booking_routes(book, carrier.desk, travel.wake), lookup_routes(book, carrier.store)]
    app = carrier.app(_SUMMARY, routers, [travel])
    app.include_router(public_routes(book))
    app.include_router(behaviour_routes(progress, travel.wake))
    serve(app, options.name, listener)


if __name__ == "__main__":
    main()
