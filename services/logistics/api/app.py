"""The HTTP API of logistics, put together."""

from fastapi import FastAPI

from services.kit.health import Health
from services.kit.http import create_app
from services.logistics.api import inspections, labels, receipts, returns, shipments, stock, tasks, webhooks
from services.logistics.api.desk import MOST_PHOTO_BYTES, Desk

_DESCRIPTION = "Return labels, parcels, receipts, inspections, reshipments and stock."


def build_app(desk: Desk, health: Health) -> FastAPI:
    """The application with all routes."""
    app = create_app(
        title="logistics", health=health, description=_DESCRIPTION, larger_bodies={r"^/v1/returns/[^/]+/photos$": MOST_PHOTO_BYTES}
    )
    for module in (returns, labels, receipts, inspections, shipments, stock, tasks, webhooks):
        app.include_router(module.routes(desk))
    return app
