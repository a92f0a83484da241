"""Who calls, and what they may see: a merchant all of its own, staff the merchants of their token, a customer only what is theirs."""

from dataclasses import dataclass
from typing import TypeAlias

from contracts.case_v1 import OpenedBy
from contracts.events import StaffActor
from contracts.identifiers import CustomerRef, MerchantId, OrderId
from contracts.roles import Role
from services.intake.domain.errors import InvalidError, NotAllowedError, NotThereError

SERVICE_ROLES = (Role.AGENT, Role.SUPERVISOR, Role.AFTER_SALES_MANAGER, Role.DUTY_DIRECTOR, Role.PRESALES_AGENT)
"""Who speaks with customers and may act for them."""
REVIEW_ROLES = (Role.AGENT, Role.SUPERVISOR, Role.AFTER_SALES_MANAGER, Role.QA_MANAGER)
"""Who may judge evidence (R-EVD-08)."""
WORDS_ROLES = frozenset({*SERVICE_ROLES, *REVIEW_ROLES, Role.SERVICE_QUALITY, Role.LEGAL})
"""Who may read the words and pictures of customers (R-SEC-04)."""


@dataclass(frozen=True, slots=True)
class MerchantCaller:
    """A merchant's storefront, by one of its API keys."""

    merchant_id: MerchantId
    key_id: str
    may_import: bool = False

    @property
    def name(self) -> str:
        """The scope of its idempotency keys, and its name in logs."""
        return f"key:{self.key_id}"

    def sees(self, merchant_id: MerchantId, customer_ref: CustomerRef, order_id: OrderId) -> bool:  # noqa: ARG002 - one shape for all callers
        """Whether it may know that this exists."""
        return merchant_id == self.merchant_id

    def acts_as(self) -> OpenedBy:
        """How its acts are recorded."""
        return OpenedBy(kind="storefront")


@dataclass(frozen=True, slots=True)
class StaffCaller:
    """A member of staff, by their signed token. ``*`` among the merchants means all of them."""

    staff_id: str
    roles: frozenset[Role]
    merchants: frozenset[MerchantId]

    @property
    def name(self) -> str:
        """The scope of their idempotency keys, and their name in logs."""
        return f"staff:{self.staff_id}"

    def serves(self, merchant_id: MerchantId) -> bool:
        """Whether the merchant is one of theirs."""
        return merchant_id in self.merchants or MerchantId("*") in self.merchants

    def sees(self, merchant_id: MerchantId, customer_ref: CustomerRef, order_id: OrderId) -> bool:  # noqa: ARG002 - one shape for all callers
        """Whether they may know that this exists."""
        return self.serves(merchant_id)

    def actor(self, allowed: tuple[Role, ...]) -> StaffActor:
        """Who acts, in the first of their roles that allows it. Raises :class:`NotAllowedError`."""
        for role in allowed:
            if role in self.roles:
                return StaffActor(staff_id=self.staff_id, role=role.value)
        raise NotAllowedError(f"It takes one of the roles {', '.join(allowed)}.")

    def acts_as(self) -> OpenedBy:
        """How their acts for a customer are recorded. Raises :class:`NotAllowedError` without a service role."""
        return OpenedBy(kind="staff", staff=self.actor(SERVICE_ROLES))


@dataclass(frozen=True, slots=True)
class CustomerCaller:
    """A customer, by a case token; a guest's token is good for one order only."""

    merchant_id: MerchantId
    customer_ref: CustomerRef
    order_id: OrderId | None = None

    @property
    def name(self) -> str:
        """The scope of their idempotency keys, and their name in logs."""
        return f"customer:{self.customer_ref}"

    def sees(self, merchant_id: MerchantId, customer_ref: CustomerRef, order_id: OrderId) -> bool:
        """Whether they may know that this exists."""
        return merchant_id == self.merchant_id and customer_ref == self.customer_ref and self.order_id in (None, order_id)

    def acts_as(self) -> OpenedBy:
        """How their acts are recorded."""
        return OpenedBy(kind="customer")


Caller: TypeAlias = MerchantCaller | StaffCaller | CustomerCaller


def merchant_of(caller: Caller, named: MerchantId | None) -> MerchantId:
    """The merchant a request is about: the caller's own, or the one staff name. Raises where it is missing or not theirs."""
    if isinstance(caller, StaffCaller):
        if named is None:
            if len(caller.merchants) != 1 or MerchantId("*") in caller.merchants:
                raise InvalidError("Say which merchant: your token is for several.", code="merchant_required")
            return next(iter(caller.merchants))
        if not caller.serves(named):
            raise NotThereError("There is no such merchant, or it is not yours.", code="merchant_not_found")
        return named
    if named is not None and named != caller.merchant_id:
        raise NotThereError("There is no such merchant, or it is not yours.", code="merchant_not_found")
    return caller.merchant_id


def reads_words(caller: Caller) -> bool:
    """Whether a caller may read what customers wrote and sent (R-SEC-04)."""
    return not isinstance(caller, StaffCaller) or bool(caller.roles & WORDS_ROLES)


def reviewer_of(caller: Caller) -> StaffActor:
    """Who judges evidence. Raises :class:`NotAllowedError` for anybody but staff with a reviewing role (R-EVD-08)."""
    if not isinstance(caller, StaffCaller):
        raise NotAllowedError("A verdict on evidence is given by staff.")
    return caller.actor(REVIEW_ROLES)
