"""The words on a return label, in Chinese and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelWords:
    """What is printed beside the values."""

    title: str
    to: str
    case_number: str
    contents: str
    line: str
    ship_by: str
    carrier: str
    prepaid: str
    customer_pays: str
    instruction: str
    authorisation: str


_ENGLISH = LabelWords(
    title="RETURN",
    to="Return to",
    case_number="Case",
    contents="Contents",
    line="line",
    ship_by="Hand in by",
    carrier="Carrier",
    prepaid="FREIGHT PREPAID",
    customer_pays="FREIGHT PAID BY SENDER",
    instruction="Put a note with the case number into the parcel and stick this label on the outside.",
    authorisation="Return authorisation",
)
_CHINESE = LabelWords(
    title="退货",
    to="退回至",
    case_number="售后单号",
    contents="内件",
    line="明细",
    ship_by="请于此前寄出",
    carrier="承运商",
    prepaid="运费已付",
    customer_pays="运费由寄件人支付",
    instruction="请将写有售后单号的纸条放入包裹内，并将此面单贴在包裹外侧。",
    authorisation="退货授权",
)


def label_words(locale: str) -> LabelWords:
    """The words for a BCP 47 tag: Chinese for ``zh``, else English."""
    return _CHINESE if locale.lower().partition("-")[0] == "zh" else _ENGLISH
