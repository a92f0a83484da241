"""The return label says where to, which case, and which waybill, to people and to scanners (R-RTN-01)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.decision_facts import AffectedUnits
from contracts.merchant import ReturnAddress
from services.logistics.adapters.label_pdf import Label, render_label
from tests.unit.logistics.label_reading import barcode_of, text_of

RMA = "5f0c7c39-3b1c-5d0e-9a58-6f1f5b8f2a11"


def a_label(**changes: Any) -> Label:
    defaults: dict[str, Any] = {
        "rma_id": RMA,
        "case_number": "C26-000001",
        "waybill": "CR000000015ZZ",
        "carrier": "sandbox",
        "prepaid": True,
        "ship_by": datetime(2026, 7, 9, 22, 30, tzinfo=UTC),
        "time_zone": "Europe/London",
        "units": (AffectedUnits(line_id="1", quantity=2),),
        "address": ReturnAddress(name="Demo Shop Returns", lines=("1 Dock Road",), postcode="E16 1AA", country="GB"),
        "locale": "en",
    }
    return Label(**(defaults | changes))


@pytest.mark.parametrize("waybill", ["CR000000015ZZ", "CR987654321ZZ", "1234567890", "A1"])
def test_the_barcode_holds_the_waybill(waybill: str) -> None:
    assert barcode_of(render_label(a_label(waybill=waybill))) == waybill


def test_it_shows_address_case_waybill_and_return() -> None:
    text = "\n".join(text_of(render_label(a_label())))
    for expected in ("Demo Shop Returns", "1 Dock Road", "E16 1AA GB", "Case: C26-000001", "CR000000015ZZ", RMA, "2 × line 1"):
        assert expected in text


def test_the_day_to_hand_it_in_is_in_the_merchants_time() -> None:
    assert any("Hand in by: 2026-07-09 23:30" in line for line in text_of(render_label(a_label())))


def test_it_says_who_pays_the_freight() -> None:
    assert "FREIGHT PREPAID" in text_of(render_label(a_label(prepaid=True)))
    assert "FREIGHT PAID BY SENDER" in text_of(render_label(a_label(prepaid=False)))


def test_a_chinese_label_is_chinese() -> None:
    address = ReturnAddress(name="Acme 退货仓", lines=("浦东新区张江路 1 号",), postcode="201203", country="CN")
    pdf = render_label(a_label(locale="zh-CN", address=address))
    text = text_of(pdf)
    assert "退货" in text
    assert "Acme 退货仓" in text
    assert "浦东新区张江路 1 号" in text
    assert "售后单号: C26-000001" in text
    assert barcode_of(pdf) == "CR000000015ZZ"


def test_the_same_label_gives_the_same_bytes() -> None:
    assert render_label(a_label()) == render_label(a_label())


def test_a_long_list_of_units_is_cut_and_not_run_over_the_edge() -> None:
    units = tuple(AffectedUnits(line_id=str(number), quantity=1) for number in range(50))
    assert any(line.endswith("…") for line in text_of(render_label(a_label(units=units))))
