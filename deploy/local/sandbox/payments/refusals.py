"""Why the payment provider says no (each a RefusedError, see the tree in deploy.local.sandbox.errors)."""

from deploy.local.sandbox.errors import RefusedError


class PaymentNotFoundError(RefusedError):
    """No payment has this id."""

    status = 404
    code = "payment_not_found"


class RefundNotFoundError(RefusedError):
    """No refund has this id."""

    status = 404
    code = "refund_not_found"


class RefundNotReversibleError(RefusedError):
    """Only what was paid can come back."""

    status = 409
    code = "refund_not_reversible"


class CurrencyMismatchError(RefusedError):
    """A refund is paid in the currency of its payment."""

    code = "currency_mismatch"


class AmountExceedsRefundableError(RefusedError):
    """More than captured, less what was refunded or is on its way."""

    code = "amount_exceeds_refundable"
