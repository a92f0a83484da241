"""Scene codes: what kind of request a case is (rules, section 3). The codes are stable; policy says what each one means."""

from enum import StrEnum


class Scene(StrEnum):
    """The kinds of request. A policy pack decides the ones that its table ``scenes`` lists (C-17)."""

    RETURN_NO_REASON = "return.no_reason"
    RETURN_OVER_WINDOW = "return.over_window"
    LOGISTICS_DAMAGE = "logistics.damage"
    FULFILMENT_MISSING_ITEM = "fulfilment.missing_item"
    QUALITY_DEFECT = "quality.defect"
    PRODUCT_INQUIRY_DESCRIPTION = "product_inquiry.description"
    PRODUCT_INQUIRY_COMPARISON = "product_inquiry.comparison"
    PRODUCT_INQUIRY_RECOMMENDATION = "product_inquiry.recommendation"
    PROMOTION_COUPON_USE = "promotion.coupon_use"
    ORDER_QUERY = "order.query"
    ORDER_CONFIRM_DETAILS = "order.confirm_details"
    ORDER_MODIFY_ADDRESS = "order.modify_address"
    ORDER_MODIFY_CONTACT = "order.modify_contact"
    ORDER_MODIFY_SPEC = "order.modify_spec"
    ORDER_CANCEL = "order.cancel"
    ORDER_EXPEDITE = "order.expedite"
    ORDER_STOCKOUT = "order.stockout"
    ORDER_PRESALE_DEPOSIT = "order.presale_deposit"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_MISSED = "payment.missed"
    PAYMENT_DUPLICATE = "payment.duplicate"
    PAYMENT_PAID_NO_ORDER = "payment.paid_no_order"
    LOGISTICS_QUERY = "logistics.query"
    LOGISTICS_DELAY = "logistics.delay"
    LOGISTICS_STUCK = "logistics.stuck"
    LOGISTICS_UNDELIVERED = "logistics.undelivered"
    LOGISTICS_LOST = "logistics.lost"
    LOGISTICS_MISSING = "logistics.missing"
    LOGISTICS_EMPTY_PARCEL = "logistics.empty_parcel"
    QUALITY_LEAK = "quality.leak"
    QUALITY_STAIN = "quality.stain"
    QUALITY_SCRATCH = "quality.scratch"
    QUALITY_MINOR_FLAW = "quality.minor_flaw"
    QUALITY_MALFUNCTION = "quality.malfunction"
    QUALITY_SAFETY_HAZARD = "quality.safety_hazard"
    QUALITY_FRESH_SPOILAGE = "quality.fresh_spoilage"
    FULFILMENT_WRONG_ITEM = "fulfilment.wrong_item"
    FULFILMENT_WRONG_DRUG = "fulfilment.wrong_drug"
    FULFILMENT_NOT_AS_DESCRIBED = "fulfilment.not_as_described"
    RETURN_SIZE_MISMATCH = "return.size_mismatch"
    DELIVERY_FAILURE_WRONG_ADDRESS = "delivery_failure.wrong_address"
    DELIVERY_FAILURE_UNREACHABLE = "delivery_failure.unreachable"
    DELIVERY_FAILURE_REFUSED = "delivery_failure.refused"
    WARRANTY_REPAIR = "warranty.repair"
    SERVICE_INQUIRY_USAGE = "service_inquiry.usage"
    SERVICE_INQUIRY_CARE = "service_inquiry.care"
    SERVICE_INQUIRY_POLICY = "service_inquiry.policy"
    SERVICE_INQUIRY_PROCESS = "service_inquiry.process"
    COMPLAINT_PRODUCT = "complaint.product"
    COMPLAINT_SERVICE = "complaint.service"
    COMPLAINT_AFTER_SALES = "complaint.after_sales"
    COMPLAINT_PROMISE_BREACH = "complaint.promise_breach"
    SUGGESTION_GENERAL = "suggestion.general"
    INVOICE_REQUEST = "invoice.request"
    INVOICE_REISSUE = "invoice.reissue"
    DISPUTE_MEDIATION = "dispute.mediation"

    @property
    def group(self) -> str:
        """The part before the dot: two open cases of one group on one line are duplicates (R-INT-05)."""
        return self.value.partition(".")[0]

    @property
    def merchant_fault(self) -> bool:
        """Whether the merchant answers for it, carrier faults included, as far as the scene alone can say (rules, section 0)."""
        return self.group in {"logistics", "fulfilment", "quality"} or self in {Scene.ORDER_STOCKOUT, Scene.COMPLAINT_PROMISE_BREACH}


CASE_SCENES = frozenset(
    {
        Scene.RETURN_NO_REASON,
        Scene.RETURN_OVER_WINDOW,
        Scene.LOGISTICS_DAMAGE,
        Scene.FULFILMENT_MISSING_ITEM,
        Scene.QUALITY_DEFECT,
    }
)
"""The scenes whose process is carried out: a case can be opened under them. Policy can be asked about all."""
