"""The settings of a policy, all groups together (rules, section 31).

The bounds are those beyond which a value is more likely a slip than a wish; packs marked ``sandbox`` may leave them.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.workflow.policy.setting_groups.aftercare import (
    AuditSettings,
    CalendarSettings,
    CarrierSettings,
    ClaimSettings,
    ComplaintSettings,
    DeliverySettings,
    FollowupSettings,
    IdentitySettings,
    InvoiceSettings,
    LogisticsSettings,
    OrderSettings,
    PaymentSettings,
    QualitySettings,
    RecordSettings,
    RepairSettings,
    ViolationSettings,
)
from services.workflow.policy.setting_groups.base import Group
from services.workflow.policy.setting_groups.money import (
    AuthoritySettings,
    CompensationSettings,
    FreightSettings,
    NoReturnSettings,
    PrioritySettings,
    RestockingSettings,
    StockoutSettings,
)
from services.workflow.policy.setting_groups.process import (
    ApprovalSettings,
    CaseSettings,
    ConfirmSettings,
    EvidenceSettings,
    InspectionSettings,
    OfferSettings,
    RefundSettings,
    ReshipSettings,
    RetentionSettings,
    ReturnSettings,
    ReviewSettings,
    ShipSettings,
    SlaSettings,
)
from services.workflow.policy.setting_groups.rights import (
    EligibilitySettings,
    ExtensionSettings,
    FreshSettings,
    WarrantySettings,
    WindowSettings,
)
from services.workflow.policy.values import Amounts


class PolicySettings(Group):
    """All settings of one policy version."""

    comp: CompensationSettings
    freight: FreightSettings
    window: WindowSettings
    eligibility: EligibilitySettings
    sla: SlaSettings
    evidence: EvidenceSettings
    review: ReviewSettings
    offer: OfferSettings
    approval: ApprovalSettings
    auth: AuthoritySettings
    no_return: NoReturnSettings
    priority: PrioritySettings
    return_: Annotated[ReturnSettings, Field(alias="return")]
    inspection: InspectionSettings
    refund: RefundSettings
    ship: ShipSettings
    reship: ReshipSettings
    confirm: ConfirmSettings
    extensions: dict[str, ExtensionSettings] = Field(default_factory=dict)
    fresh: FreshSettings | None = None
    warranty: WarrantySettings | None = None
    stockout: StockoutSettings | None = None
    restocking: RestockingSettings | None = None
    case: CaseSettings | None = None
    retention: RetentionSettings | None = None
    logistics: LogisticsSettings | None = None
    carrier: CarrierSettings | None = None
    claim: ClaimSettings | None = None
    delivery: DeliverySettings | None = None
    invoice: InvoiceSettings | None = None
    calendar: CalendarSettings | None = None
    complaint: ComplaintSettings | None = None
    payment: PaymentSettings | None = None
    order: OrderSettings | None = None
    repair: RepairSettings | None = None
    quality: QualitySettings | None = None
    violation: ViolationSettings | None = None
    followup: FollowupSettings | None = None
    identity: IdentitySettings | None = None
    record: RecordSettings | None = None
    audit: AuditSettings | None = None

    def duration(self, path: str) -> timedelta:
        """The duration that a table names, such as ``return.process``. Raises ``KeyError`` where none of that name is set."""
        value = self._at(path)
        if not isinstance(value, timedelta):
            raise KeyError(path)
        return value

    def amounts(self, path: str) -> Amounts:
        """The amounts by currency that a table names, such as ``comp.damage_unit``. Raises ``KeyError`` where none of that name is set."""
        value = self._at(path)
        if not isinstance(value, dict):
            raise KeyError(path)
        return value

    def number(self, path: str) -> int:
        """A count or percentage, such as ``warranty.months``. Raises ``KeyError`` where none of that name is set."""
        value = self._at(path)
        if not isinstance(value, int):
            raise KeyError(path)
        return value

    def _at(self, path: str) -> object:
        group, _, key = path.partition(".")
        section = getattr(self, "return_" if group == "return" else group, None)
        if not isinstance(section, Group) or key not in type(section).model_fields:
            raise KeyError(path)
        value: object = getattr(section, key)
        return value
