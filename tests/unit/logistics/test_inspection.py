"""An inspection must agree with the return and with itself (R-RTN-03)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.shipment_v1 import InspectionResult
from services.logistics.domain.inspection import InspectionInconsistentError, judge

EXPECTED = {"1": 2, "2": 1}
DIFFERENT = [result for result in InspectionResult if result is not InspectionResult.MATCH]


def problems(result: InspectionResult, accepted: list[tuple[str, int]] | None) -> list[str]:
    with pytest.raises(InspectionInconsistentError) as raised:
        judge(EXPECTED, result, accepted)
    return [problem.pointer for problem in raised.value.problems]


def test_match_without_units_accepts_all() -> None:
    assert [(units.line_id, units.expected, units.accepted) for units in judge(EXPECTED, InspectionResult.MATCH, None)] == [
        ("1", 2, 2),
        ("2", 1, 1),
    ]


def test_match_with_fewer_units_is_refused() -> None:
    assert problems(InspectionResult.MATCH, [("1", 1), ("2", 1)]) == ["/result"]


@pytest.mark.parametrize("result", DIFFERENT)
def test_anything_but_match_needs_units_and_at_least_one_fewer(result: InspectionResult) -> None:
    assert problems(result, None) == ["/units"]
    assert problems(result, [("1", 2), ("2", 1)]) == ["/result"]
    assert [units.accepted for units in judge(EXPECTED, result, [("2", 0), ("1", 2)])] == [2, 0]


def test_every_wrong_line_is_named() -> None:
    accepted = [("1", 3), ("1", 0), ("x", 1)]
    assert problems(InspectionResult.SHORT_QUANTITY, accepted) == ["/units/0/accepted", "/units/1/line_id", "/units/2/line_id", "/units"]


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_exactly_one_kind_of_result_fits_any_count(expected: dict[str, int], data: st.DataObject) -> None:
    accepted = [(line_id, data.draw(st.integers(0, quantity))) for line_id, quantity in expected.items()]
    complete = dict(accepted) == expected
    fitting = InspectionResult.MATCH if complete else InspectionResult.MISMATCH_CONDITION
    other = InspectionResult.MISMATCH_CONDITION if complete else InspectionResult.MATCH
    assert {units.line_id: units.accepted for units in judge(expected, fitting, accepted)} == dict(accepted)
    with pytest.raises(InspectionInconsistentError):
        judge(expected, other, accepted)
