"""Stripe's errors (docs.stripe.com/error-codes), told apart by what they mean for a submission."""

import stripe

_CONFIGURATION = frozenset(
    {
        "account_invalid",
        "api_key_expired",
        "livemode_mismatch",
        "parameter_invalid_empty",
        "parameter_missing",
        "parameter_unknown",
        "parameters_exclusive",
        "platform_api_key_expired",
        "secret_key_required",
        "testmode_charges_only",
        "url_invalid",
    }
)
"""We ask in the wrong way or in the wrong place: no other attempt would fare better."""

_PASSING = frozenset({"idempotency_key_in_use", "lock_timeout", "rate_limit"})
"""Stripe is still at it, or does not want to just now."""


def refusal_code(error: stripe.StripeError) -> str | None:
    """Why Stripe refuses the request for good, None where the error says nothing of the kind.

    Stripe has no code for some refusals (such as more than is left on the charge): then it is made of the parameter at fault.
    """
    if not isinstance(error, (stripe.CardError, stripe.InvalidRequestError)) or error.code in _PASSING:
        return None
    return error.code or f"invalid_{error.param or 'request'}"


def of_configuration(error: stripe.StripeError) -> bool:
    """Whether the error is our own: a person must look."""
    return isinstance(error, stripe.InvalidRequestError) and error.code in _CONFIGURATION


def described(error: stripe.StripeError) -> str:
    """The error for a log line: its kind, status, code and Stripe's id of the request; not its message, which may repeat what was sent."""
    kind = type(error).__name__
    return f"{kind}: status {error.http_status}, code {error.code}, request {error.request_id}"
