"""Intake's HTTP API, put together."""

import asyncpg
from fastapi import FastAPI

from services.intake.api_acts import acts_router
from services.intake.api_cases import APPLICATION, case_opener, cases_router
from services.intake.api_customers import customers_router
from services.intake.api_evidence import evidence_router
from services.intake.api_orders import orders_router
from services.intake.api_problems import on_intake_error, on_unstorable_text
from services.intake.domain.errors import IntakeError
from services.intake.house import House
from services.kit.direct import add_direct_route
from services.kit.health import Health
from services.kit.http import create_app

_FORM_OVERHEAD = 65_536
_BATCH_BYTES = 16 * 2**20
_DESCRIPTION = "Orders in, cases opened, evidence kept, and everything a customer does to a case. docs/api-intake.md tells it as a story."


def build_app(house: House, health: Health) -> FastAPI:
    """The application with all routes."""
    app = create_app(
        title="aftersales intake",
        version="1",
        health=health,
        larger_bodies={
            r"^/v1/cases/[^/]+/evidence$": house.settings.evidence_max_bytes + _FORM_OVERHEAD,
            r"^/v1/orders/batch$": _BATCH_BYTES,
        },
        description=_DESCRIPTION,
    )
    app.add_exception_handler(IntakeError, on_intake_error)
    for unstorable in (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError):
        app.add_exception_handler(unstorable, on_unstorable_text)
    for router in (orders_router(house), cases_router(house), acts_router(house), evidence_router(house), customers_router(house)):
        app.include_router(router)
    add_direct_route(
        app, "/v1/cases", case_opener(house), status_code=202, summary="Open a case", tags=["cases"], openapi_extra=APPLICATION
    )
    return app
