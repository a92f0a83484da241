"""A credit note, or the cancellation of one, as a PDF of A4 size, as a bookkeeper and a tax inspector read it (R-RFD-12).

Long notes break over pages with the heads of tables repeated. There is no personal data in it: the customer is a reference.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from html import escape
from typing import Any, Final, TypeAlias

from babel.dates import format_date
from babel.numbers import format_decimal
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer, Table

from contracts.credit_note import CreditNoteLine, IssuedCreditNote
from services.workflow.money.display import exponent_of

LATIN: Final = "Helvetica"
LATIN_BOLD: Final = "Helvetica-Bold"
CHINESE: Final = "STSong-Light"
MARGIN: Final = 17 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
SMALL: Final = 8.0
BODY: Final = 9.0
PADDING: Final = 4.0
INK, GREY, RULE, RED = HexColor("#1b1f24"), HexColor("#5b6470"), HexColor("#c9ced6"), HexColor("#b3261e")
NOTHING: Final = "–"
TEXT_COLUMNS: Final = 2
LEAST_WIDTHS: Final = (22.0, 50.0, 50.0, 50.0, 52.0)
"""Of the columns behind those of text, in points: quantity, net, tax, tax amount, gross."""
_KEPT_BACK: Final = re.compile(r"kept back \((.+)\)")


_Row: TypeAlias = list[str | Paragraph]


@dataclass(frozen=True, slots=True)
class _Words:
    """What is printed beside the values, in one language; ``date`` is a pattern of CLDR, ``texts`` are the lines' own texts in that language."""

    babel_locale: str
    date: str
    title: str
    cancellation: str
    cancels: str
    number: str
    issued_on: str
    order_number: str
    case_number: str
    customer: str
    reason: str
    amounts_in: str
    line_heads: tuple[str, ...]
    total_net: str
    total_tax: str
    total_gross: str
    paid: str
    was_paid: str
    paid_heads: tuple[str, ...]
    test: str
    notice: str
    kept_back: str
    texts: dict[str, str]


_ENGLISH: Final = _Words(
    babel_locale="en",
    date="d MMMM yyyy",
    title="Credit note",
    cancellation="Cancellation of credit note {cancels}",
    cancels="This document takes credit note {cancels} back in full. The amounts are those of that note.",
    number="Number",
    issued_on="Date of issue",
    order_number="Order",
    case_number="Case",
    customer="Customer reference",
    reason="Reason: ",
    amounts_in="All amounts in ",
    line_heads=("Description", "Reference", "Qty", "Net", "Tax", "Tax amount", "Gross"),
    total_net="Total net",
    total_tax="Tax ",
    total_gross="Total gross",
    paid="Paid back by",
    was_paid="Credit note {cancels} had been paid back by",
    paid_heads=("Method", "Provider", "Reference", "Amount"),
    test="TEST – issued in test mode: not a valid document",
    notice="",
    kept_back="kept back ({rule})",
    texts={},
)
_CHINESE: Final = _Words(
    babel_locale="zh_Hans_CN",
    date="y年M月d日",
    title="贷记通知单",
    cancellation="贷记通知单冲销单",
    cancels="本单全额冲销贷记通知单 {cancels}，所列金额为原通知单金额。",
    number="编号",
    issued_on="开具日期",
    order_number="订单号",
    case_number="售后单号",
    customer="客户编号",
    reason="原因：",
    amounts_in="金额单位：",
    line_heads=("项目", "参考编号", "数量", "不含税金额", "税码及税率", "税额", "价税合计"),
    total_net="不含税金额合计",
    total_tax="税额 ",
    total_gross="价税合计",
    paid="退款方式",
    was_paid="原通知单 {cancels} 的退款方式",
    paid_heads=("支付方式", "支付渠道", "参考编号", "金额"),
    test="测试 – 测试模式开具，非有效凭证",
    notice="本通知单不是红字发票；依规定应开具红字发票的，须另行开具。",
    kept_back="扣留费用（{rule}）",
    texts={
        "goods given back": "商品退回",
        "compensation for kept goods": "保留商品的补偿",
        "outbound freight": "发货运费",
        "units that now cost less": "商品差价",
        "order discount moved onto kept units": "订单优惠转移至保留商品",
        "order discount no longer held back": "退还此前扣留的订单优惠",
    },
)


def render_credit_note(note: IssuedCreditNote) -> bytes:
    """The note as PDF bytes; the same note gives the same bytes.

    Texts are Chinese where the note's locale is, else English. Amounts have as many decimal places as ISO 4217 gives the currency.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    page = _Page(note)
    # The number of pages is known only once all are laid out.
    return page.pdf(pages=page.count())


class _Page:
    """The pages of one note."""

    def __init__(self, note: IssuedCreditNote) -> None:
        self._note = note
        self._words = _CHINESE if note.locale.lower().partition("-")[0] == "zh" else _ENGLISH
        self._exponent = exponent_of(note.note.currency)

    def count(self) -> int:
        """How many pages it takes."""
        document = self._document(io.BytesIO(), pages=0)
        document.build(list(self._flow()))
        return document.page

    def pdf(self, *, pages: int) -> bytes:
        """The document, its pages numbered out of ``pages``."""
        out = io.BytesIO()
        self._document(out, pages).build(list(self._flow()))
        return out.getvalue()

    def _document(self, out: io.BytesIO, pages: int) -> BaseDocTemplate:
        top = MARGIN + (8 * mm if self._note.test else 0)
        frame = Frame(MARGIN, MARGIN, WIDTH, A4[1] - MARGIN - top, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
        template = PageTemplate(frames=[frame], onPage=partial(self._edges, pages))
        title = f"{self._words.title} {self._note.number}"
        return BaseDocTemplate(
            out, pagesize=A4, pageTemplates=[template], title=title, author=self._note.merchant_name, invariant=1, allowSplitting=1
        )

    def _edges(self, pages: int, canvas: Canvas, document: BaseDocTemplate) -> None:
        """What stands on every page: which note it belongs to, which page it is, and that it is a test."""
        canvas.saveState()
        canvas.setFillColor(GREY)
        canvas.setFont(LATIN, SMALL)
        canvas.drawString(MARGIN, MARGIN - 6 * mm, self._note.number)
        canvas.drawRightString(A4[0] - MARGIN, MARGIN - 6 * mm, f"{document.page} / {pages}")
        if self._note.test:
            self._test_mark(canvas)
        canvas.restoreState()

    def _test_mark(self, canvas: Canvas) -> None:
        canvas.setFillColor(RED)
        canvas.rect(MARGIN, A4[1] - MARGIN, WIDTH, 6 * mm, stroke=0, fill=1)
        canvas.setFillColor(HexColor("#ffffff"))
        canvas.setFont(_font(self._words.test, bold=True), BODY)
        canvas.drawCentredString(A4[0] / 2, A4[1] - MARGIN + 2 * mm, self._words.test)
        canvas.translate(A4[0] / 2, A4[1] / 2)
        canvas.rotate(52)
        canvas.setFillColor(Color(RED.red, RED.green, RED.blue, alpha=0.07))
        canvas.setFont(LATIN_BOLD, 190)
        canvas.drawCentredString(0, -70, "TEST")

    def _flow(self) -> Iterator[Flowable]:
        note, words = self._note, self._words
        yield self._head()
        yield Spacer(0, 5 * mm)
        if note.cancels:
            yield _text(words.cancels.format(cancels=note.cancels), bold=True)
        yield _text(words.reason, note.reason)
        yield _text(words.amounts_in, note.note.currency, color=GREY)
        yield Spacer(0, 3 * mm)
        yield self._lines()
        yield Spacer(0, 3 * mm)
        yield KeepTogether([self._totals()])
        if note.payments:
            yield Spacer(0, 7 * mm)
            yield from self._payments()
        if words.notice:
            yield Spacer(0, 7 * mm)
            yield _text(words.notice, size=SMALL, color=GREY)

    def _head(self) -> Table:
        note, words = self._note, self._words
        title = words.cancellation.format(cancels=note.cancels) if note.kind == "cancellation" else words.title
        merchant = [_text(note.merchant_name, bold=True, size=11), *(_text(line, color=GREY) for line in note.merchant_address)]
        facts = (
            (words.number, note.number),
            (words.issued_on, format_date(note.issued_on, words.date, locale=words.babel_locale)),
            (words.order_number, note.order_number),
            (words.case_number, note.case_number),
            (words.customer, str(note.customer_ref)),
        )
        grid_style = [*_PADDED, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)]
        rows = [[_text(label, color=GREY), _text(value, bold=label == words.number)] for label, value in facts]
        grid = Table(rows, colWidths=(88, WIDTH * 0.56 - 88), style=grid_style)
        style: list[Any] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("LINEBELOW", (0, 0), (-1, 0), 1.2, INK),
        ]
        style += [("SPAN", (0, 0), (-1, 0)), ("BOTTOMPADDING", (0, 0), (-1, 0), 8), ("TOPPADDING", (0, 1), (-1, 1), 8)]
        return Table([[_text(title, bold=True, size=17), ""], [merchant, grid]], colWidths=(WIDTH * 0.44, WIDTH * 0.56), style=style)

    def _lines(self) -> Table:
        heads = [_text(head, size=SMALL, right=at >= TEXT_COLUMNS) for at, head in enumerate(self._words.line_heads)]
        rows = [self._line(line) for line in self._note.note.lines]
        # Amounts never wrap: their columns are as wide as the widest, and the texts share what is left.
        widths = [max([least, *(_width(row[at]) for row in rows)]) + 2 * PADDING for at, least in enumerate(LEAST_WIDTHS, TEXT_COLUMNS)]
        left = max(WIDTH - sum(widths), 120)
        style = [*_TABLE, ("ALIGN", (TEXT_COLUMNS, 0), (-1, -1), "RIGHT"), ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE)]
        return Table([heads, *rows], colWidths=(left * 0.58, left * 0.42, *widths), repeatRows=1, style=style)

    def _line(self, line: CreditNoteLine) -> _Row:
        """A row; each of several taxes has a line of its own in it."""
        names = "\n".join(self._tax(tax.code, tax.rate_ppm) for tax in line.taxes)
        taxes = "\n".join(self._amount(tax.amount_minor) for tax in line.taxes)
        quantity = str(line.quantity) if line.quantity else NOTHING
        texts = _text(self._line_text(line), size=SMALL), _text(line.reference, size=SMALL)
        return [*texts, quantity, self._amount(line.net_minor), names or NOTHING, taxes or NOTHING, self._amount(line.gross_minor)]

    def _line_text(self, line: CreditNoteLine) -> str:
        if kept := _KEPT_BACK.fullmatch(line.text):
            return self._words.kept_back.format(rule=kept[1])
        return self._words.texts.get(line.text, line.text)

    def _totals(self) -> Table:
        note, words = self._note.note, self._words
        gross = f"{note.currency} {self._amount(note.gross_minor)}"
        rows: list[_Row] = [[_text(words.total_net, right=True), self._amount(note.net_minor)]]
        for tax in note.taxes:
            name = self._tax(tax.code, tax.rate_ppm)
            rows.append([_text(words.total_tax, name, right=True), self._amount(tax.amount_minor)])
        rows.append([_text(words.total_gross, right=True, bold=True), gross])
        style: list[Any] = [*_PADDED, ("ALIGN", (1, 0), (1, -1), "RIGHT"), ("FONT", (1, 0), (1, -1), LATIN, BODY)]
        style += [("FONT", (1, -1), (1, -1), LATIN_BOLD, 11), ("LINEABOVE", (0, -1), (-1, -1), 1.2, INK)]
        style += [("TEXTCOLOR", (0, 0), (-1, -1), INK), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        return Table(rows, colWidths=(150, max(110, _width(gross, 11) + 2 * PADDING)), hAlign="RIGHT", style=style)

    def _payments(self) -> Iterator[Flowable]:
        words = self._words
        heading = (words.was_paid if self._note.kind == "cancellation" else words.paid).format(cancels=self._note.cancels)
        rows: list[_Row] = [[_text(head, size=SMALL, right=head is words.paid_heads[-1]) for head in words.paid_heads]]
        for paid in self._note.payments:
            texts = (_text(text or NOTHING, size=SMALL) for text in (paid.method, paid.provider, paid.reference))
            rows.append([*texts, self._amount(paid.amount_minor)])
        widths = (WIDTH * 0.2, WIDTH * 0.2, WIDTH * 0.38, WIDTH * 0.22)
        style = [*_TABLE, ("ALIGN", (3, 0), (3, -1), "RIGHT"), ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE)]
        yield KeepTogether([_text(heading, bold=True), Spacer(0, 1.5 * mm), Table(rows, colWidths=widths, repeatRows=1, style=style)])

    def _amount(self, amount_minor: int) -> str:
        """With the places of ISO 4217, never those that Babel knows."""
        places = f".{'0' * self._exponent}" if self._exponent else ""
        return format_decimal(Decimal(amount_minor).scaleb(-self._exponent), f"#,##0{places}", locale=self._words.babel_locale)

    def _tax(self, code: str, rate_ppm: int) -> str:
        rate = format_decimal(Decimal(rate_ppm).scaleb(-4), "#,##0.####", locale=self._words.babel_locale)
        return f"{code} {rate} %"


def _font(text: str, *, bold: bool = False) -> str:
    """The built-in font that has the characters: Latin ones where they suffice, since Chinese ones space Latin text badly."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return CHINESE
    return LATIN_BOLD if bold else LATIN


def _text(*parts: str, size: float = BODY, bold: bool = False, right: bool = False, color: Color = INK) -> Paragraph:
    """A text of parts, each in the font that has it. It breaks to the width it is given: Latin between words, Chinese between characters."""
    fonts = [_font(part, bold=bold) for part in parts]
    style = ParagraphStyle(
        "text",
        fontName=fonts[0],
        fontSize=size,
        leading=size * 1.3,
        textColor=color,
        alignment=TA_RIGHT if right else TA_LEFT,
        wordWrap="CJK" if CHINESE in fonts else None,
    )
    marked = (f'<font name="{font}">{escape(part, quote=False)}</font>' for font, part in zip(fonts, parts, strict=True))
    return Paragraph("".join(marked), style)


def _width(cell: str | Paragraph, size: float = SMALL) -> float:
    """How wide the widest line of a plain cell is; paragraphs take what they get."""
    return max(pdfmetrics.stringWidth(line, _font(line), size) for line in cell.split("\n")) if isinstance(cell, str) else 0.0


_PADDED: Final[tuple[Any, ...]] = (
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ("LEFTPADDING", (0, 0), (-1, -1), PADDING),
    ("RIGHTPADDING", (0, 0), (-1, -1), PADDING),
)
_TABLE: Final[tuple[Any, ...]] = (
    *_PADDED,
    ("FONT", (0, 0), (-1, -1), LATIN, SMALL, SMALL * 1.3),
    ("TEXTCOLOR", (0, 0), (-1, -1), INK),
    ("BACKGROUND", (0, 0), (-1, 0), HexColor("#eef0f3")),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
)
