"""The words of the platform about a case, in Chinese and English: what comes next, what is offered, what happened. Codes are what clients switch on."""

from contracts.case_state import OptionCode
from contracts.decision_result import Clause
from contracts.progress import Then, WaitingFor

_NEXT: dict[WaitingFor, tuple[str, str]] = {
    WaitingFor.NOTHING: ("没有待办事项。", "Nothing is left to do."),
    WaitingFor.TRIAGE: ("我们正在查看您的申请，随后告知处理方案。", "We look at the request and say what comes next."),
    WaitingFor.EVIDENCE: ("请上传所需的凭证。", "Please send the evidence asked for."),
    WaitingFor.REVIEW: ("客服正在审核凭证。", "An agent reviews the evidence."),
    WaitingFor.APPROVAL: ("正在等待审批。", "An approval is needed and has been asked for."),
    WaitingFor.CHOICE: ("请选择一个处理方案。", "Please choose one of the options."),
    WaitingFor.RETURN_SHIPMENT: ("请寄回商品。", "Please send the goods back."),
    WaitingFor.RETURN_ARRIVAL: ("退货正在运输途中。", "The return parcel is on its way."),
    WaitingFor.INSPECTION: ("仓库正在验货。", "The warehouse inspects the goods."),
    WaitingFor.INSPECTION_ANSWER: ("验货结果与申请不符，请您确认处理方式。", "The inspection found a difference: please say how to go on."),
    WaitingFor.REFUND: ("正在退款。", "The refund is being paid."),
    WaitingFor.RESHIPMENT: ("正在补发商品。", "New goods are on their way."),
    WaitingFor.CONFIRMATION: ("请确认问题是否已解决。", "Please say whether the case is solved."),
    WaitingFor.MEDIATION: ("正在调解。", "The case is in mediation."),
}

_THEN: dict[Then, tuple[str, str]] = {
    Then.NOTHING: ("", ""),
    Then.ASK_AGAIN: ("到期未收到将再次提醒您提供。", "Without it we ask again."),
    Then.CLOSE: ("到期未回复将关闭申请。", "Without an answer the case closes."),
    Then.REJECT: ("到期未收到将无法受理。", "Without it the claim is refused."),
    Then.REMIND: ("到期将提醒。", "A reminder follows."),
    Then.ESCALATE: ("到期将升级至上一级处理。", "After that the next tier decides."),
    Then.ALARM: ("到期将通知主管。", "After that a supervisor is alerted."),
    Then.WORK_ITEM: ("到期将由专人处理。", "After that a member of staff takes over."),
    Then.SUPERVISOR_DECIDES: ("到期将由主管决定。", "After that a supervisor decides."),
    Then.REFUND_INSTEAD: ("到期将改为退款。", "After that it is refunded instead."),
}

_OPTIONS: dict[OptionCode, tuple[str, str]] = {
    OptionCode.RETURN_REFUND: ("退货退款", "Send it back and get a refund"),
    OptionCode.REFUND_NO_RETURN: ("仅退款，无需退货", "Refund, nothing to send back"),
    OptionCode.RESHIP_NO_RETURN: ("免费补发，无需退货", "New goods, nothing to send back"),
    OptionCode.COMPENSATE_KEEP: ("保留商品并获得补偿", "Keep it and get a compensation"),
    OptionCode.COMPENSATE_RAISED: ("保留商品并获得更高补偿", "Keep it and get a higher compensation"),
    OptionCode.DISCOUNT_SETTLEMENT: ("折价处理", "Settle with a discount"),
    OptionCode.EXCHANGE: ("换货", "Exchange"),
    OptionCode.REPAIR: ("维修", "Repair"),
    OptionCode.REFUND_NO_WAIT: ("立即退款，上门取回", "Refund at once, the goods are collected"),
    OptionCode.RESHIP_PART: ("免费补发配件", "A spare part, free of charge"),
    OptionCode.RESHIP: ("补发经检验的商品，上门取回", "A checked unit is sent, the old one collected"),
    OptionCode.SUBSTITUTE: ("优惠的替代商品", "A similar article at a discount"),
    OptionCode.WAIT_RESTOCK: ("等待到货", "Wait until it is in stock again"),
    OptionCode.REFUND_FULL: ("全额退款", "Full refund"),
    OptionCode.REFUND_EXTRA: ("退还多付款项", "Get back what was paid too much"),
    OptionCode.REFUND_DEPOSIT: ("退还定金", "Get the deposit back"),
    OptionCode.FULFIL_PROMISE: ("履行承诺", "Have the promise kept"),
    OptionCode.WAIT_WITH_TRACE: ("继续等待，查询物流", "Wait while the parcel is traced"),
    OptionCode.REFUND_AFTER_INTERCEPT: ("拦截退回后退款", "Call the parcel back and get a refund"),
    OptionCode.REDELIVER: ("更正后重新派送", "Correct the address and deliver again"),
    OptionCode.REFUND_LESS_FREIGHT: ("扣除运费后退款", "Refund less the freight that was caused"),
}

_HAPPENED: dict[str, tuple[str, str]] = {
    "case.opened": ("申请已受理", "Case opened"),
    "case.text_added": ("补充了说明", "Description added"),
    "case.evidence_added": ("已上传凭证", "Evidence received"),
    "case.evidence_refused": ("客户不提供凭证", "Evidence refused"),
    "case.evidence_reviewed": ("凭证已审核", "Evidence reviewed"),
    "case.option_chosen": ("已选择方案", "Option chosen"),
    "case.offer_rejected": ("已拒绝方案", "Offer turned down"),
    "case.withdrawn": ("已申请撤销", "Withdrawal asked for"),
    "case.return_shipped": ("客户已寄出退货", "Return sent by the customer"),
    "case.inspection_answered": ("已答复验货结果", "Inspection answered"),
    "case.satisfaction_stated": ("已反馈是否解决", "Satisfaction stated"),
    "case.reopened": ("申请已重新打开", "Case reopened"),
    "resolution.triaged": ("已分级", "Case triaged"),
    "resolution.evidence_requested": ("请提供凭证", "Evidence asked for"),
    "resolution.review_requested": ("凭证待审核", "Evidence under review"),
    "resolution.offer_made": ("已提供处理方案", "Offer made"),
    "resolution.agreed": ("方案已达成一致", "Option agreed"),
    "resolution.choice_refused": ("操作未能生效", "A choice could not be honoured"),
    "resolution.approval_requested": ("已提交审批", "Approval asked for"),
    "resolution.approval_escalated": ("审批已升级", "Approval escalated"),
    "resolution.approval_decided": ("审批已完成", "Approval decided"),
    "resolution.rejected": ("申请未通过", "Claim refused"),
    "resolution.return_authorised": ("已同意退货", "Return authorised"),
    "resolution.inspection_disputed": ("验货结果不符", "Inspection found a difference"),
    "resolution.return_closed": ("退货已结束", "Return ended"),
    "resolution.reshipment_requested": ("已安排补发", "Reshipment arranged"),
    "resolution.reshipment_cancelled": ("补发已取消", "Reshipment cancelled"),
    "resolution.confirmation_requested": ("请确认是否解决", "Confirmation asked for"),
    "resolution.reminder_due": ("已提醒", "Reminder sent"),
    "resolution.sla_breached": ("时限已超", "A time limit was missed"),
    "resolution.work_item_opened": ("已转人工处理", "A work item was opened"),
    "resolution.refund_resumed": ("退款继续办理", "The refund goes on"),
    "resolution.remedy_completed": ("处理已完成", "Remedy completed"),
    "resolution.closed": ("申请已结束", "Case closed"),
    "shipment.return_label_created": ("退货面单已生成", "Return label ready"),
    "shipment.return_in_transit": ("退货已揽收", "Return in transit"),
    "shipment.return_received": ("仓库已收到退货", "Return received"),
    "shipment.return_inspected": ("验货完成", "Return inspected"),
    "shipment.return_lost": ("退货包裹遗失", "Return parcel lost"),
    "shipment.reshipment_shipped": ("补发商品已寄出", "New goods shipped"),
    "shipment.reshipment_delivered": ("补发商品已送达", "New goods delivered"),
    "shipment.reshipment_failed": ("补发未成功", "Reshipment failed"),
    "refund.requested": ("退款已创建", "Refund created"),
    "refund.approved": ("退款已批准", "Refund approved"),
    "refund.submitted": ("退款处理中", "Refund submitted"),
    "refund.settled": ("退款已到账", "Refund settled"),
    "refund.failed": ("退款未成功", "Refund failed"),
    "refund.reversed": ("退款被退回", "Refund reversed"),
}


class Words:
    """The words for one locale: Chinese for ``zh`` in any region, English for all others."""

    def __init__(self, locale: str) -> None:
        self.language = "zh" if locale.lower().startswith("zh") else "en"
        self._index = 0 if self.language == "zh" else 1

    def next_step(self, waiting_for: WaitingFor) -> str:
        """What the case waits for."""
        return _NEXT[waiting_for][self._index]

    def then(self, then: Then) -> str:
        """What happens if nobody acts in time; empty where nothing does."""
        return _THEN[then][self._index]

    def option(self, code: OptionCode) -> str:
        """A remedy."""
        return _OPTIONS[code][self._index]

    def happened(self, code: str) -> str:
        """An entry of the timeline; the code itself where it is newer than these words."""
        return _HAPPENED.get(code, (code, code))[self._index]

    def clause(self, clause: Clause) -> str:
        """The published text of a clause."""
        return next(
            (text for tag, text in clause.text.items() if tag.lower().startswith(self.language)), next(iter(clause.text.values()), "")
        )
