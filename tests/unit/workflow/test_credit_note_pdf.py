"""A printed credit note says all that the note says, to the cent, on as many pages as it takes (R-RFD-12)."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import pytest

from contracts.credit_note import CreditedPayment, CreditNote, CreditNoteLine, IssuedCreditNote
from contracts.identifiers import CustomerRef, RefundId
from contracts.quote import TaxPortion
from services.workflow.adapters.credit_note_pdf import render_credit_note
from services.workflow.money.credit_note import BY_KIND, TEXTS
from tests.support.builders import MERCHANT
from tests.support.pdf_pages import pages_of

CUSTOMER = CustomerRef(UUID("c2b31c8e-a08e-59d7-b18e-4d4a92ed9cad"))
COLUMNS = 7
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def a_line(net_minor: int = 708, tax_minor: int = 142, **changes: Any) -> CreditNoteLine:
    """Two units at a rate of 20 %."""
    defaults: dict[str, Any] = {
        "kind": "goods",
        "reference": "1",
        "text": "goods given back",
        "quantity": 2,
        "net_minor": net_minor,
        "taxes": (TaxPortion(code="VAT", rate_ppm=200_000, amount_minor=tax_minor),) if tax_minor else (),
        "gross_minor": net_minor + tax_minor,
    }
    return CreditNoteLine(**(defaults | changes))


FREIGHT = a_line(399, 0, kind="freight", reference="f1", text="outbound freight", quantity=0)
FEE = a_line(-100, -20, kind="fee", reference="restocking", text="kept back (R-FRT-09)", quantity=0)


def a_note(*lines: CreditNoteLine, currency: str = "GBP", **changes: Any) -> IssuedCreditNote:
    """The note of these lines (goods, freight and a fee unless given), paid back to one card."""
    lines = lines or (a_line(), FREIGHT, FEE)
    taxes: Counter[tuple[str, int]] = Counter()
    for line in lines:
        for tax in line.taxes:
            taxes[tax.code, tax.rate_ppm] += tax.amount_minor
    gross = sum(line.gross_minor for line in lines)
    note = CreditNote(
        currency=currency,
        lines=lines,
        net_minor=sum(line.net_minor for line in lines),
        taxes=tuple(TaxPortion(code=code, rate_ppm=rate, amount_minor=amount) for (code, rate), amount in taxes.items()),
        gross_minor=gross,
    )
    defaults: dict[str, Any] = {
        "number": "DCN-000001",
        "sequence": 1,
        "merchant_id": MERCHANT,
        "merchant_name": "Demo Shop",
        "merchant_address": ("1 Wharf Road", "N1 7GR", "GB"),
        "test": False,
        "refund_id": RefundId(UUID(int=1)),
        "case_number": "C26-000001",
        "order_number": "545231",
        "customer_ref": CUSTOMER,
        "reason": "no_reason",
        "locale": "en",
        "issued_on": date(2026, 3, 7),
        "issued_at": datetime(2026, 3, 7, 10, tzinfo=UTC),
        "note": note,
        "payments": (CreditedPayment(payment_id="p1", provider="sandbox", method="card", reference="re_0001", amount_minor=gross),),
    }
    return IssuedCreditNote(**(defaults | changes))


def strings(note: IssuedCreditNote) -> list[str]:
    return [text for page in pages_of(render_credit_note(note)) for text in page]


def rows(page: list[str]) -> list[list[str]]:
    """The rows of the table of lines on a page, none of whose cells breaks."""
    cells = page[page.index("Gross") + 1 :]
    if "Total net" in cells:
        cells = cells[: cells.index("Total net")]
    return [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]


def minor(shown: str, exponent: int = 2) -> int:
    return int(Decimal(shown.replace(",", "")).scaleb(exponent))


def test_it_says_who_issued_it_when_for_what_and_how_it_was_paid() -> None:
    shown = strings(a_note())
    assert [shown.index(text) for text in ("Credit note", "Demo Shop", "1 Wharf Road", "N1 7GR", "GB")]
    assert {"DCN-000001", "7 March 2026", "545231", "C26-000001", str(CUSTOMER), "Reason: no_reason", "All amounts in GBP"} <= set(shown)
    assert shown[shown.index("Paid back by") + 5 :] == ["card", "sandbox", "re_0001", "11.29"]


def test_every_amount_of_the_note_is_there() -> None:
    shown = strings(a_note())
    head = shown.index("Gross") + 1
    assert shown[head : head + 21] == [
        *("goods given back", "1", "2", "7.08", "VAT 20 %", "1.42", "8.50"),
        *("outbound freight", "f1", "–", "3.99", "–", "–", "3.99"),
        *("kept back (R-FRT-09)", "restocking", "–", "-1.00", "VAT 20 %", "-0.20", "-1.20"),
    ]
    assert shown[head + 21 : head + 27] == ["Total net", "10.07", "Tax VAT 20 %", "1.22", "Total gross", "GBP 11.29"]


def test_each_of_several_taxes_on_a_line_is_there_with_its_rate() -> None:
    taxes = (TaxPortion(code="GST", rate_ppm=50_000, amount_minor=50), TaxPortion(code="QST", rate_ppm=99_750, amount_minor=100))
    shown = strings(a_note(a_line(1000, 0, taxes=taxes, gross_minor=1150), currency="CAD"))
    head = shown.index("Gross") + 1
    assert shown[head + 3 : head + 9] == ["10.00", "GST 5 %", "QST 9.975 %", "0.50", "1.00", "11.50"]
    assert {"CAD 11.50"} <= set(shown)


@pytest.mark.parametrize(("currency", "net", "gross"), [("KWD", "1,234.567", "KWD 1,481.480"), ("JPY", "1,234,567", "JPY 1,481,480")])
def test_amounts_have_the_places_of_their_currency(currency: str, net: str, gross: str) -> None:
    shown = strings(a_note(a_line(1_234_567, 246_913), currency=currency))
    assert {net, gross} <= set(shown)


def test_a_currency_that_babel_knows_with_other_places_has_those_of_the_standard() -> None:
    """ISO 4217 gives the Iraqi dinar three, Babel none."""
    assert "IQD 850.123" in strings(a_note(a_line(850_123, 0), currency="IQD"))


def test_an_amount_as_large_as_there_can_be_does_not_break() -> None:
    assert "1,000,000,000,000.000" in strings(a_note(a_line(10**15, 0), currency="KWD"))


def test_a_note_of_many_lines_breaks_over_pages_and_no_cent_is_lost() -> None:
    lines = [a_line(700 + number, 140, reference=f"line-{number}") for number in range(200)]
    note = a_note(*lines)
    pages = pages_of(render_credit_note(note))
    assert len(pages) > 3
    assert [page[:2] for page in pages] == [["DCN-000001", f"{number} / {len(pages)}"] for number in range(1, len(pages) + 1)]
    printed = [row for page in pages for row in (rows(page) if "Gross" in page else [])]
    assert [row[1] for row in printed] == [line.reference for line in lines]
    assert [minor(row[-1]) for row in printed] == [line.gross_minor for line in lines]
    assert sum(minor(row[-1]) for row in printed) == note.note.gross_minor
    assert f"GBP {Decimal(note.note.gross_minor).scaleb(-2):,}" in {text for page in pages for text in page}


def test_a_chinese_note_is_chinese() -> None:
    address = ("浦东新区张江路 1 号", "201203", "CN")
    shown = strings(a_note(locale="zh-CN", currency="CNY", merchant_name="Acme 旗舰店", merchant_address=address))
    assert {"贷记通知单", "Acme 旗舰店", "浦东新区张江路 1 号", "2026年3月7日", "商品退回", "发货运费", "扣留费用（R-FRT-09）"} <= set(
        shown
    )
    assert {"不含税金额", "税额", "价税合计", "退款方式", "CNY 11.29"} <= set(shown)


def test_every_text_that_a_line_can_have_is_said_in_chinese() -> None:
    texts = {*TEXTS.values(), *BY_KIND.values()}
    shown = strings(a_note(*(a_line(text=text) for text in texts), locale="zh"))
    assert not texts & set(shown)


@pytest.mark.parametrize("locale", ["en", "en-GB", "de-DE", "fr"])
def test_any_other_language_is_english_and_a_chinese_name_stays(locale: str) -> None:
    shown = strings(a_note(locale=locale, merchant_name="阿克梅旗舰店"))
    assert {"Credit note", "阿克梅旗舰店"} <= set(shown)
    assert [text for text in shown if CHINESE.search(text)] == ["阿克梅旗舰店"]


@pytest.mark.parametrize(
    ("locale", "title", "says"),
    [
        ("en", "Cancellation of credit note DCN-000001", "This document takes credit note DCN-000001 back in full."),
        ("zh-CN", "贷记通知单冲销单", "本单全额冲销贷记通知单 DCN-000001"),
    ],
)
def test_a_cancellation_names_the_note_that_it_takes_back(locale: str, title: str, says: str) -> None:
    shown = strings(a_note(kind="cancellation", number="DCX-000002", cancels="DCN-000001", locale=locale))
    assert {title, "DCX-000002"} <= set(shown)
    assert any(text.startswith(says) for text in shown)
    assert "Credit note" not in shown


def test_every_page_of_a_test_note_says_so_and_no_other() -> None:
    lines = [a_line()] * 80
    for page in pages_of(render_credit_note(a_note(*lines, test=True, number="TEST-DCN-000001"))):
        assert {"TEST", "TEST – issued in test mode: not a valid document"} <= set(page)
    assert not any("TEST" in text for text in strings(a_note(*lines)))


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    shown = "".join(strings(a_note(merchant_name="<b>R&D</b>", reason="1 < 2")))
    assert "<b>R&D</b>" in shown
    assert "Reason: 1 < 2" in shown


def test_a_reason_of_many_words_goes_on_to_the_next_page() -> None:
    assert len(pages_of(render_credit_note(a_note(reason="broken on arrival " * 600)))) > 1


def test_the_same_note_gives_the_same_bytes() -> None:
    assert render_credit_note(a_note()) == render_credit_note(a_note())
    assert render_credit_note(a_note()) != render_credit_note(a_note(order_number="545232"))


def test_each_kind_of_line_is_printed() -> None:
    for kind in get_args(CreditNoteLine.model_fields["kind"].annotation):
        assert "8.50" in strings(a_note(a_line(kind=kind)))
