"""Case tokens: a merchant vouches for its logged-in customer; a guest shows an order number and one thing only its customer knows (R-SEC-01, R-SEC-03)."""

from collections.abc import Mapping
from datetime import datetime

from contracts.identifiers import CustomerRef, MerchantId, customer_ref_for, order_id_for
from contracts.merchant import Merchant
from services.intake.adapters.identity_checks import PostgresIdentityChecks
from services.intake.domain.callers import CustomerCaller, MerchantCaller
from services.intake.domain.errors import IdentityLockedError, IdentityNotConfirmedError
from services.intake.domain.forms import GuestTokenForm
from services.intake.domain.identity import IdentityHasher
from services.intake.handlers.answers import Answer
from services.intake.ports import CaseTokens
from services.intake.settings import IntakeSettings
from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.postgres import Pool, transaction

log = get_logger(__name__)

_UNKNOWN_REGION = "ZZ"


class Identify:
    """Gives out case tokens."""

    def __init__(
        self,
        pool: Pool,
        checks: PostgresIdentityChecks,
        hasher: IdentityHasher,
        tokens: CaseTokens,
        merchants: Mapping[MerchantId, Merchant],
        settings: IntakeSettings,
    ) -> None:
        self._pool = pool
        self._checks = checks
        self._hasher = hasher
        self._tokens = tokens
        self._merchants = merchants
        self._settings = settings

    def customer(self, caller: MerchantCaller, customer_id: str) -> Answer:
        """A token for a customer the merchant knows to be logged in."""
        customer = CustomerCaller(caller.merchant_id, customer_ref_for(caller.merchant_id, customer_id))
        token, expires_at = self._tokens.issue(customer, utc_now(), self._settings.case_token_lifetime)
        return {"token": token, "expires_at": expires_at, "customer_ref": customer.customer_ref}

    async def guest(self, form: GuestTokenForm, source: str) -> Answer:
        """A token for one order. Raises :class:`IdentityNotConfirmedError` without a hint, :class:`IdentityLockedError` after too many failures."""
        order_id = order_id_for(form.merchant_id, form.order_number)
        now = utc_now()
        customer_ref = await self._check(form, source, now)
        if customer_ref is None:
            log.info("identity.not_confirmed", merchant_id=form.merchant_id)
            raise IdentityNotConfirmedError("Check the order number and the contact, and mind that only a few tries are allowed.")
        guest = CustomerCaller(form.merchant_id, customer_ref, order_id)
        token, expires_at = self._tokens.issue(guest, now, self._settings.case_token_lifetime)
        return {"token": token, "expires_at": expires_at, "order_number": form.order_number}

    async def _check(self, form: GuestTokenForm, source: str, now: datetime) -> CustomerRef | None:
        # Orders that do not exist are counted like those that do: a lock-out must not tell them apart.
        order_id = order_id_for(form.merchant_id, form.order_number)
        of_order = self._hasher.subject("order", str(order_id))
        of_source = self._hasher.subject("source", source)
        merchant = self._merchants.get(form.merchant_id)
        region = merchant.return_address.country if merchant is not None else _UNKNOWN_REGION
        hashes = self._hasher.of_claim(form.merchant_id, region, phone=form.phone, email=form.email, postcode=form.postcode)
        settings = self._settings
        async with transaction(self._pool) as connection:
            locked_until = await self._checks.take(connection, [of_order, of_source], now)
            if locked_until is not None:
                raise IdentityLockedError(max(1, int((locked_until - now).total_seconds())))
            customer_ref = await self._checks.match(connection, form.merchant_id, order_id, hashes)
            if customer_ref is not None:
                await self._checks.succeeded(connection, of_order)
                return customer_ref
            for subject, tries in ((of_order, settings.identity_max_tries), (of_source, settings.identity_max_tries_per_source)):
                await self._checks.failed(connection, [subject], now, tries=tries, period=settings.identity_lock)
        return None
