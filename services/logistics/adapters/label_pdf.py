"""The return label as a PDF of A6 size: where to, the waybill as Code 128, the case number, the return as a QR code (R-RTN-01)."""

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A6
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from contracts.decision_facts import AffectedUnits
from contracts.merchant import ReturnAddress
from services.logistics.domain.label_text import LabelWords, label_words

LATIN: Final = "Helvetica"
LATIN_BOLD: Final = "Helvetica-Bold"
CHINESE: Final = "STSong-Light"
MARGIN: Final = 6 * mm
QR_SIZE: Final = 26 * mm
BARCODE_WIDTH: Final = A6[0] - 2 * MARGIN
MOST_LINES_OF_CONTENTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is printed. Nothing of it is personal: the sender is the customer, and stays unnamed."""

    rma_id: str
    case_number: str
    waybill: str
    carrier: str
    prepaid: bool
    ship_by: datetime
    time_zone: str
    units: tuple[AffectedUnits, ...]
    address: ReturnAddress
    locale: str


def render_label(label: Label) -> bytes:
    """The label as PDF bytes; the same label gives the same bytes."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A6, invariant=1)
    words = label_words(label.locale)
    canvas.setTitle(f"{words.title} {label.case_number}")
    canvas.setAuthor(label.address.name)
    y = _head(canvas, label, words)
    y = _address(canvas, label, words, y)
    y = _barcode(canvas, label, y)
    _foot(canvas, label, words, y)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _font(text: str, *, bold: bool = False) -> str:
    """The built-in font that has the characters: Latin ones where they suffice, since Chinese ones space Latin text badly."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return CHINESE
    return LATIN_BOLD if bold else LATIN


def _text(canvas: Canvas, x: float, y: float, text: str, size: float, *, bold: bool = False, width: float = BARCODE_WIDTH) -> float:
    """Write text, broken to the width; gives the baseline below it."""
    font = _font(text, bold=bold)
    for line in simpleSplit(text, font, size, width):
        canvas.setFont(font, size)
        canvas.drawString(x, y, line)
        y -= size * 1.25
    return y


def _head(canvas: Canvas, label: Label, words: LabelWords) -> float:
    y = A6[1] - MARGIN - 14
    _text(canvas, MARGIN, y, words.title, 18, bold=True)
    paid = words.prepaid if label.prepaid else words.customer_pays
    font = _font(paid, bold=True)
    canvas.setFont(font, 9)
    canvas.drawRightString(A6[0] - MARGIN, y, paid)
    canvas.line(MARGIN, y - 6, A6[0] - MARGIN, y - 6)
    return y - 20


def _address(canvas: Canvas, label: Label, words: LabelWords, y: float) -> float:
    width = BARCODE_WIDTH - QR_SIZE
    _qr(canvas, label.rma_id, A6[0] - MARGIN - QR_SIZE, y - QR_SIZE + 12)
    top = y
    y = _text(canvas, MARGIN, y, words.to, 7, width=width)
    y = _text(canvas, MARGIN, y - 2, label.address.name, 11, bold=True, width=width)
    for line in (*label.address.lines, f"{label.address.postcode} {label.address.country}"):
        y = _text(canvas, MARGIN, y, line, 10, width=width)
    return min(y, top - QR_SIZE) - 8


def _barcode(canvas: Canvas, label: Label, y: float) -> float:
    height = 17 * mm
    narrow = Code128(label.waybill, barWidth=1.0, barHeight=height, quiet=False)
    bar_width = min(0.5 * mm, BARCODE_WIDTH / narrow.width)
    barcode = Code128(label.waybill, barWidth=bar_width, barHeight=height, quiet=False)
    barcode.drawOn(canvas, (A6[0] - barcode.width) / 2, y - height)
    canvas.setFont(LATIN_BOLD, 11)
    canvas.drawCentredString(A6[0] / 2, y - height - 12, label.waybill)
    return y - height - 28


def _foot(canvas: Canvas, label: Label, words: LabelWords, y: float) -> None:
    until = label.ship_by.astimezone(ZoneInfo(label.time_zone)).strftime("%Y-%m-%d %H:%M")
    y = _text(canvas, MARGIN, y, f"{words.case_number}: {label.case_number}", 12, bold=True)
    y = _text(canvas, MARGIN, y, f"{words.carrier}: {label.carrier}   {words.ship_by}: {until}", 8)
    shown = [f"{unit.quantity} × {words.line} {unit.line_id}" for unit in label.units[:MOST_LINES_OF_CONTENTS]]
    if len(label.units) > MOST_LINES_OF_CONTENTS:
        shown.append("…")
    y = _text(canvas, MARGIN, y, f"{words.contents}: {', '.join(shown)}", 8)
    y = _text(canvas, MARGIN, y, f"{words.authorisation}: {label.rma_id}", 7)
    _text(canvas, MARGIN, y - 4, words.instruction, 8)


def _qr(canvas: Canvas, value: str, x: float, y: float) -> None:
    widget = QrCodeWidget(value, barLevel="M")
    left, bottom, right, top = widget.getBounds()
    drawing = Drawing(QR_SIZE, QR_SIZE, transform=[QR_SIZE / (right - left), 0, 0, QR_SIZE / (top - bottom), 0, 0])
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, x, y)
