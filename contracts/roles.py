"""The roles of the people and departments that act on a case (rules, section 2)."""

from enum import StrEnum


class Role(StrEnum):
    """A role code of the rules file."""

    CUSTOMER = "customer"
    PRESALES_AGENT = "presales_agent"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    AFTER_SALES_MANAGER = "after_sales_manager"
    DUTY_DIRECTOR = "duty_director"
    WAREHOUSE_SUPERVISOR = "warehouse_supervisor"
    QA_MANAGER = "qa_manager"
    LOGISTICS_DEPT = "logistics_dept"
    CARRIER = "carrier"
    FINANCE = "finance"
    TECH_SUPPORT = "tech_support"
    INVOICE_CLERK = "invoice_clerk"
    SERVICE_QUALITY = "service_quality"
    TRAINER = "trainer"
    LEGAL = "legal"
    MEDIATOR = "mediator"
    SERVICE_OUTLET = "service_outlet"
    PLATFORM = "platform"


STAFF_ROLES = frozenset(Role) - {Role.CUSTOMER, Role.CARRIER, Role.MEDIATOR, Role.PLATFORM, Role.SERVICE_OUTLET}
"""Roles that a staff token may carry."""

APPROVAL_TIERS = (Role.AGENT, Role.SUPERVISOR, Role.AFTER_SALES_MANAGER, Role.DUTY_DIRECTOR)
"""Who decides what is beyond the system's own authority, lowest tier first (R-AUTH-02, R-AUTH-03)."""
