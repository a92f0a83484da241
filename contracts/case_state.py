"""The states of a case, how it can end, and what a remedy can be."""

from enum import StrEnum


class CaseStatus(StrEnum):
    """Where a case stands (R-CASE-02)."""

    SUBMITTED = "submitted"
    EVIDENCE_PENDING = "evidence_pending"
    UNDER_REVIEW = "under_review"
    APPROVAL_PENDING = "approval_pending"
    OFFER_PENDING = "offer_pending"
    AGREED = "agreed"
    AWAITING_RETURN = "awaiting_return"
    RETURN_IN_TRANSIT = "return_in_transit"
    RETURN_RECEIVED = "return_received"
    INSPECTION_DISPUTE = "inspection_dispute"
    EXECUTING = "executing"
    CONFIRMING = "confirming"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    MEDIATION = "mediation"


ENDED = frozenset({CaseStatus.CLOSED, CaseStatus.CANCELLED, CaseStatus.REJECTED})
"""The states from which a case goes on only by being reopened."""

CANCELLABLE = frozenset(
    {
        CaseStatus.SUBMITTED,
        CaseStatus.EVIDENCE_PENDING,
        CaseStatus.UNDER_REVIEW,
        CaseStatus.APPROVAL_PENDING,
        CaseStatus.OFFER_PENDING,
        CaseStatus.AGREED,
        CaseStatus.AWAITING_RETURN,
    }
)
"""The states in which the customer may still withdraw (R-CASE-05)."""


class Stage(StrEnum):
    """The standard steps, as a customer is told them (R-CASE-01)."""

    ACCEPT = "accept"
    VERIFY = "verify"
    OFFER = "offer"
    AGREE = "agree"
    EXECUTE = "execute"
    CONFIRM = "confirm"
    RECORD = "record"


class CaseOutcome(StrEnum):
    """How a case ended."""

    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"
    RESHIPPED = "reshipped"
    COMPENSATED = "compensated"
    DECLINED = "declined"
    REJECTED = "rejected"
    EVIDENCE_NOT_PROVIDED = "evidence_not_provided"
    WITHDRAWN = "withdrawn"
    NO_RESPONSE = "no_response"
    RETURN_NOT_SHIPPED = "return_not_shipped"
    GOODS_TAKEN_BACK = "goods_taken_back"
    MEDIATION = "mediation"


class OptionCode(StrEnum):
    """What a customer can be offered (R-DEC-08)."""

    RETURN_REFUND = "return_refund"
    REFUND_NO_RETURN = "refund_no_return"
    RESHIP_NO_RETURN = "reship_no_return"
    COMPENSATE_KEEP = "compensate_keep"
    COMPENSATE_RAISED = "compensate_raised"
    DISCOUNT_SETTLEMENT = "discount_settlement"
    EXCHANGE = "exchange"
    REPAIR = "repair"
    REFUND_NO_WAIT = "refund_no_wait"
    RESHIP_PART = "reship_part"
    RESHIP = "reship"
    SUBSTITUTE = "substitute"
    WAIT_RESTOCK = "wait_restock"
    REFUND_FULL = "refund_full"
    REFUND_EXTRA = "refund_extra"
    REFUND_DEPOSIT = "refund_deposit"
    FULFIL_PROMISE = "fulfil_promise"
    WAIT_WITH_TRACE = "wait_with_trace"
    REFUND_AFTER_INTERCEPT = "refund_after_intercept"
    REDELIVER = "redeliver"
    REFUND_LESS_FREIGHT = "refund_less_freight"


GOODS_COME_BACK = frozenset({OptionCode.RETURN_REFUND, OptionCode.EXCHANGE, OptionCode.REPAIR, OptionCode.REFUND_NO_WAIT})
"""The options whose goods return to the merchant (R-DEC-08); a row of the decision table may add a pickup to others."""

CARRIED_OUT = frozenset(
    {
        OptionCode.RETURN_REFUND,
        OptionCode.REFUND_NO_RETURN,
        OptionCode.RESHIP_NO_RETURN,
        OptionCode.COMPENSATE_KEEP,
        OptionCode.COMPENSATE_RAISED,
        OptionCode.DISCOUNT_SETTLEMENT,
    }
)
"""The options that the processes of this version carry out; a case is offered no other."""
