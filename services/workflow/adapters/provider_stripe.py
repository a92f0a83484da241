"""Stripe, by its own SDK (docs/payment-providers.md). Payments are named by PaymentIntent (``pi_…``) or Charge (``ch_…``, ``py_…``).

Stripe answers a repeated key with the answer of the first time, also with an error 500, but forgets keys after 24 hours: then the same key pays again. So
nothing is sent before a look at the payment's refunds, which carry the submission's id as metadata and stay for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final, TypeVar

import requests
import stripe
from requests.adapters import HTTPAdapter
from stripe.params import RefundCreateParams, RefundListParams

from services.workflow.adapters import stripe_webhooks
from services.workflow.adapters.stripe_amounts import NotExpressibleError, to_stripe
from services.workflow.adapters.stripe_errors import described, of_configuration, refusal_code
from services.workflow.adapters.stripe_records import SETTLEMENT_TYPES, SUBMISSION_ID, read_balance_transaction, read_refund, submission_of
from services.workflow.ports import (
    OutcomeUnknownError,
    ProviderMisuseError,
    ProviderRefund,
    ProviderState,
    ProviderUnavailableError,
    SettlementLine,
    Submission,
)

NAME: Final = "stripe"
TEST_KEYS: Final = ("sk_test_", "rk_test_")
LIVE_KEYS: Final = ("sk_live_", "rk_live_")

_TIMEOUT_SECONDS: Final = (2.0, 5.0)
"""To connect, and to wait for the answer of one request."""
_ANSWER_WITHIN_SECONDS: Final = 10.0
"""For a submission or a look-up as a whole: less than the heartbeat timeout of the refund's activities."""
_AT_ONCE: Final = 32
_PAGE: Final = 100
_PAYMENTS: Final = ("pi_", "ch_", "py_")

T = TypeVar("T")
Params = TypeVar("Params", RefundCreateParams, RefundListParams)

stripe.enable_telemetry = False  # it would keep an id of this machine in the user's configuration, and tell how long requests took


class StripeProvider:
    """The port ``PaymentProvider`` on one Stripe account in one mode. The SDK blocks, so it works in threads of ``executor``."""

    name = NAME

    def __init__(
        self,
        api_key: str,
        webhook_secrets: Sequence[str],
        executor: ThreadPoolExecutor,
        session: requests.Session,
        api_base: str | None = None,
    ) -> None:
        if not api_key.startswith((*TEST_KEYS, *LIVE_KEYS)):
            raise ValueError("a Stripe key begins with sk_test_, rk_test_, sk_live_ or rk_live_")
        self.sandbox = api_key.startswith(TEST_KEYS)
        self._webhook_secrets = tuple(webhook_secrets)
        self._executor = executor
        self._client = stripe.StripeClient(
            api_key,
            max_network_retries=0,  # when to try again is decided by the refund's process
            base_addresses={"api": api_base} if api_base else {},
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS, session=session),
        )

    async def submit(self, submission: Submission) -> ProviderRefund:
        """Ask for a refund, unless there is one already. Raises ``OutcomeUnknownError`` or ``ProviderMisuseError``."""
        try:
            amount = to_stripe(submission.amount_minor, submission.currency)
        except NotExpressibleError:
            return _refused(submission, "amount_not_expressible")
        if not submission.provider_reference.startswith(_PAYMENTS):
            return _refused(submission, "payment_reference_unknown")
        try:
            said = await self._within(partial(self._submit, submission, amount))
        except TimeoutError as error:
            raise OutcomeUnknownError("no answer in time") from error
        except stripe.IdempotencyError as error:
            raise ProviderMisuseError("the key was used before with another body") from error
        except stripe.StripeError as error:
            if of_configuration(error):
                raise ProviderMisuseError(described(error)) from error
            code = refusal_code(error)
            if code is None:
                raise OutcomeUnknownError(described(error)) from error
            return _refused(submission, code)
        if (said.amount_minor, said.currency) != (submission.amount_minor, submission.currency):
            raise ProviderMisuseError("the submission's refund has another amount")
        return said

    async def find(self, submission: Submission) -> ProviderRefund | None:
        """The refund of the payment that carries the submission's id. Raises ``ProviderUnavailableError`` or ``ProviderMisuseError``."""
        if not submission.provider_reference.startswith(_PAYMENTS):
            return None
        try:
            return await self._within(partial(self._find, submission))
        except TimeoutError as error:
            raise ProviderUnavailableError("no answer in time") from error
        except stripe.InvalidRequestError as error:  # with the key of another account its payments are not there: never "not found"
            raise ProviderMisuseError(described(error)) from error
        except stripe.StripeError as error:
            raise ProviderUnavailableError(described(error)) from error

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProviderRefund | None:
        """What a webhook says of a submission of ours, None for anything else. Raises ``Problem`` 401 or ``ProviderMisuseError``."""
        return stripe_webhooks.read_webhook(self._webhook_secrets, headers, body, live=not self.sandbox)

    async def settlement_file(self, day: date) -> Sequence[SettlementLine]:
        """The account's balance transactions of a day (UTC) about refunds. Raises ``ProviderUnavailableError`` or ``ProviderMisuseError``."""
        try:
            lines = await self._in_thread(partial(self._settled, day))
        except stripe.StripeError as error:
            raise ProviderUnavailableError(described(error)) from error
        return sorted(lines, key=lambda line: (line.settled_at, line.reference))

    def _submit(self, submission: Submission, amount: int) -> ProviderRefund:
        try:
            known = self._find(submission)
            currency = self._currency(submission.provider_reference) if known is None else submission.currency
        except stripe.InvalidRequestError as error:  # with the key of another account its payments are not there: no refusal of this refund
            raise ProviderMisuseError(described(error)) from error
        if known is not None:
            return known
        if currency != submission.currency:  # Stripe takes the amount for one in the payment's currency
            return _refused(submission, "currency_mismatch")
        wanted: RefundCreateParams = {
            "amount": amount,
            "metadata": {SUBMISSION_ID: str(submission.submission_id), "merchant_reference": submission.merchant_reference},
        }
        made = self._client.v1.refunds.create(
            _about(submission.provider_reference, wanted), {"idempotency_key": str(submission.submission_id)}
        )
        said = read_refund(made.to_dict())
        if said is None or said.submission_id != submission.submission_id:
            raise ProviderMisuseError("the refund carries another submission's id")
        return said

    def _find(self, submission: Submission) -> ProviderRefund | None:
        wanted: RefundListParams = {"limit": _PAGE}
        listed = self._client.v1.refunds.list(_about(submission.provider_reference, wanted)).auto_paging_iter()
        ours = [told for refund in listed if submission_of(told := refund.to_dict()) == submission.submission_id]
        if len(ours) > 1:
            raise ProviderMisuseError("more than one refund carries the submission's id")
        return read_refund(ours[0]) if ours else None

    def _currency(self, payment: str) -> str:
        if payment.startswith("pi_"):
            return self._client.v1.payment_intents.retrieve(payment).currency.upper()
        return self._client.v1.charges.retrieve(payment).currency.upper()

    def _settled(self, day: date) -> Sequence[SettlementLine]:
        start = datetime.combine(day, time(), UTC)
        created = {"gte": int(start.timestamp()), "lt": int((start + timedelta(days=1)).timestamp())}
        listed = (
            transaction
            for kind in SETTLEMENT_TYPES
            for transaction in self._client.v1.balance_transactions.list(
                {"type": kind, "created": {"gte": created["gte"], "lt": created["lt"]}, "limit": _PAGE, "expand": ["data.source"]}
            ).auto_paging_iter()
        )
        return [line for transaction in listed if (line := read_balance_transaction(transaction.to_dict())) is not None]

    async def _within(self, work: Callable[[], T]) -> T:
        async with asyncio.timeout(_ANSWER_WITHIN_SECONDS):  # the thread goes on and ends by its own timeouts; the key makes it safe
            return await self._in_thread(work)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


@asynccontextmanager
async def open_stripe_provider(
    api_key: str, webhook_secrets: Sequence[str] = (), api_base: str | None = None
) -> AsyncIterator[StripeProvider]:
    """A provider with its own threads and connections, closed with the block. ``api_base`` leads to a mock instead of to Stripe."""
    with requests.Session() as session, ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=NAME) as executor:
        session.mount("https://", HTTPAdapter(pool_maxsize=_AT_ONCE))
        session.trust_env = api_base is None  # a mock is not behind the proxy
        yield StripeProvider(api_key, webhook_secrets, executor, session, api_base)


def _about(payment: str, wanted: Params) -> Params:
    if payment.startswith("pi_"):
        wanted["payment_intent"] = payment
    else:
        wanted["charge"] = payment
    return wanted


def _refused(submission: Submission, code: str) -> ProviderRefund:
    return ProviderRefund(
        submission_id=submission.submission_id,
        state=ProviderState.FAILED,
        amount_minor=submission.amount_minor,
        currency=submission.currency,
        failure_code=code,
    )
