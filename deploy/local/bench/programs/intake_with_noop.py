"""Intake's API, and beside its routes one that checks a request as ``POST /v1/cases`` does and then does nothing."""

import sys

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.intake.api import build_app
from services.intake.api_callers import token_in
from services.intake.api_problems import problem_of_body
from services.intake.domain.forms import CaseApplication
from services.intake.house import House, build_house
from services.intake.settings import IntakeSettings
from services.kit.health import Health
from services.kit.http import HttpPart
from services.kit.idempotency import require_key
from services.kit.lifecycle import run_main, run_service
from services.kit.logging import configure_logging
from services.kit.postgres import open_pool
from services.kit.settings import load_settings

NOOP = "/noop"


def noop_router(house: House) -> APIRouter:
    """``POST /noop``."""
    router = APIRouter()

    @router.post(NOOP, status_code=202)
    async def noop(request: Request) -> Response:
        house.doorman.find(token_in(request.headers))
        require_key(request.headers.get("idempotency-key"))
        try:
            CaseApplication.model_validate_json(await request.body())
        except ValidationError as error:
            raise problem_of_body(error) from error
        return Response(b"{}", status_code=202, media_type="application/json")

    return router


async def serve(settings: IntakeSettings) -> None:
    """Serve until SIGTERM, with what a process of the service has: the same application, server, event loop and pool."""
    async with open_pool(settings.postgres_dsn, service="intake", max_size=settings.postgres_pool_size) as pool:
        house, health = build_house(settings, pool), Health()
        app = build_app(house, health)
        app.include_router(noop_router(house))
        await run_service("intake", [HttpPart(app, settings.http_host, settings.http_port)], health=health)


if __name__ == "__main__":
    loaded = load_settings(IntakeSettings)
    configure_logging("intake", loaded.log_level, loaded.log_format)
    sys.exit(run_main(serve(loaded)))
