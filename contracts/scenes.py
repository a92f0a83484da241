"""Scene codes: what kind of request a case is (rules, section 3). The codes are stable; policy says what each one means."""

from enum import StrEnum


class Scene(StrEnum):
    """The scenes a case can be opened under."""

    RETURN_NO_REASON = "return.no_reason"
    RETURN_OVER_WINDOW = "return.over_window"
    LOGISTICS_DAMAGE = "logistics.damage"
    FULFILMENT_MISSING_ITEM = "fulfilment.missing_item"
    QUALITY_DEFECT = "quality.defect"

    @property
    def group(self) -> str:
        """The part before the dot: two open cases of one group on one line are duplicates (R-INT-05)."""
        return self.value.partition(".")[0]

    @property
    def merchant_fault(self) -> bool:
        """Whether the merchant answers for it, carrier faults included (rules, section 0)."""
        return self.group in {"logistics", "fulfilment", "quality"}
