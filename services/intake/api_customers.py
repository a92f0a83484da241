"""Customers over HTTP: tokens, and erasure."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.intake.api_callers import source_of
from services.intake.domain.callers import MerchantCaller
from services.intake.domain.forms import CustomerTokenForm, GuestTokenForm
from services.intake.house import House
from services.kit.http import JsonResponse


def customers_router(house: House) -> APIRouter:
    """``POST /v1/customer-tokens``, ``POST /v1/guest-tokens``, ``DELETE /v1/customers/{customer_id}/contact``."""
    router = APIRouter(tags=["customers"])

    @router.post("/v1/customer-tokens", status_code=201, summary="A token for a customer the storefront has logged in")
    async def customer_token(form: CustomerTokenForm, caller: Annotated[MerchantCaller, Depends(house.doorman.merchant)]) -> Response:
        house.merchant(caller.merchant_id)
        return JsonResponse(house.identify.customer(caller, form.customer_id), status_code=201)

    @router.post("/v1/guest-tokens", status_code=201, summary="A token for one order, for who knows its number and contact")
    async def guest_token(form: GuestTokenForm, request: Request) -> Response:
        return JsonResponse(await house.identify.guest(form, source_of(request)), status_code=201)

    @router.delete("/v1/customers/{customer_id:path}/contact", status_code=204, summary="Erase a customer's contact everywhere")
    async def erase_contact(customer_id: str, caller: Annotated[MerchantCaller, Depends(house.doorman.merchant)]) -> Response:
        await house.erase_contact(house.merchant(caller.merchant_id), customer_id)
        return Response(status_code=204)

    return router
