"""Identifiers, and how the derived ones are derived.

A derived id is a name-based UUID (RFC 9562, version 5): whoever derives it again gets the same one, so a repeat is recognised as a repeat.
"""

from typing import NewType
from uuid import UUID, uuid5

MerchantId = NewType("MerchantId", str)
"""A merchant's short name, such as ``demo-shop``: lower-case letters, digits and hyphens."""
OrderId = NewType("OrderId", UUID)
CaseId = NewType("CaseId", UUID)
EventId = NewType("EventId", UUID)
OfferId = NewType("OfferId", UUID)
ApprovalId = NewType("ApprovalId", UUID)
RefundId = NewType("RefundId", UUID)
SubmissionId = NewType("SubmissionId", UUID)
RmaId = NewType("RmaId", UUID)
"""A return merchandise authorisation: permission to send units of one case back."""
ReshipId = NewType("ReshipId", UUID)
CustomerRef = NewType("CustomerRef", UUID)
"""A customer of one merchant, without any personal data."""

_NAMESPACE = UUID("5f0c7c39-3b1c-5d0e-9a58-6f1f5b8f2a11")


def merchant_namespace(merchant_id: MerchantId) -> UUID:
    """The namespace in which a merchant's own numbers become ids."""
    return uuid5(_NAMESPACE, f"merchant/{merchant_id}")


def order_id_for(merchant_id: MerchantId, number: str) -> OrderId:
    """The id of the order a merchant knows under ``number``."""
    return OrderId(uuid5(merchant_namespace(merchant_id), f"order/{number}"))


def customer_ref_for(merchant_id: MerchantId, customer_id: str) -> CustomerRef:
    """The reference of the customer a merchant knows under ``customer_id``."""
    return CustomerRef(uuid5(merchant_namespace(merchant_id), f"customer/{customer_id}"))


def refund_id_for(case_id: CaseId, remedy_ordinal: int) -> RefundId:
    """The id of the refund that the n-th remedy of a case makes (ordinals count from 1, over reopenings)."""
    return RefundId(uuid5(case_id, f"refund/{remedy_ordinal}"))


def rma_id_for(case_id: CaseId, remedy_ordinal: int) -> RmaId:
    """The id of the return that the n-th remedy of a case asks for."""
    return RmaId(uuid5(case_id, f"return/{remedy_ordinal}"))


def reship_id_for(case_id: CaseId, remedy_ordinal: int) -> ReshipId:
    """The id of the reshipment that the n-th remedy of a case makes."""
    return ReshipId(uuid5(case_id, f"reship/{remedy_ordinal}"))


def derived_event_id(operation_id: UUID, event_type: str) -> EventId:
    """The id of the event of one type that an operation publishes; a repeat of the operation derives the same id."""
    return EventId(uuid5(operation_id, event_type))
