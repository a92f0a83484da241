"""Which applications may become a case (R-INT-05, R-INT-07, R-CASE-06)."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.decision import AffectedUnits
from contracts.scenes import Scene
from services.intake.domain.application import Claim, Duplicate, NewCase, check_units, claimable, judge
from services.intake.domain.errors import (
    CaseAlreadyOpenError,
    InvalidLinesError,
    LinesPartlyOpenError,
    ReapplyLimitError,
    StaleCommandError,
)
from tests.support.builders import an_order, an_order_line

ORDER = an_order(lines=(an_order_line("1", quantity=5, amount_minor=2125), an_order_line("2")))


def a_claim(**changes: Any) -> Claim:
    """Two units of line 1 in an open return."""
    defaults: dict[str, Any] = {
        "case_id": uuid4(),
        "case_number": "C26-000001",
        "scene_group": "return",
        "line_id": "1",
        "quantity": 2,
        "settled": 0,
        "open": True,
    }
    return Claim(**(defaults | changes))


def _judge(
    *claims: Claim, quantity: int = 1, scene: Scene = Scene.RETURN_NO_REASON, lines: str = "1", limit: int | None = 3
) -> NewCase | Duplicate:
    wanted = [AffectedUnits(line_id=line, quantity=quantity) for line in lines]
    return judge(ORDER, scene, wanted, claims, max_applications=limit)


def test_the_first_application_is_number_one() -> None:
    assert _judge() == NewCase(1)


def test_an_open_case_of_the_group_is_the_answer_to_the_next_application() -> None:
    claim = a_claim()

    assert _judge(claim) == Duplicate(claim.case_id, claim.case_number)
    assert _judge(claim, scene=Scene.RETURN_OVER_WINDOW) == Duplicate(claim.case_id, claim.case_number)


def test_another_group_on_an_open_line_is_refused_and_on_a_free_line_is_not() -> None:
    claim = a_claim()

    with pytest.raises(CaseAlreadyOpenError) as caught:
        _judge(claim, scene=Scene.QUALITY_DEFECT)

    assert caught.value.case_id == claim.case_id
    assert _judge(claim, scene=Scene.QUALITY_DEFECT, lines="2") == NewCase(1)


def test_an_application_half_in_an_open_case_is_refused_as_a_whole() -> None:
    with pytest.raises(LinesPartlyOpenError, match="line 1 in C26-000001"):
        _judge(a_claim(), lines="12")


def test_settled_units_are_gone_for_ever_and_those_of_failed_cases_are_not() -> None:
    settled, failed = a_claim(open=False, settled=2), a_claim(open=False)

    assert claimable(ORDER, "1", [settled, failed]) == 3
    assert _judge(settled, failed, quantity=3) == NewCase(2)
    with pytest.raises(InvalidLinesError) as caught:
        _judge(settled, failed, quantity=4)
    assert caught.value.faults[0].pointer == "/lines/0/quantity"


def test_unknown_and_repeated_lines_are_named() -> None:
    with pytest.raises(InvalidLinesError) as unknown:
        _judge(lines="19")
    with pytest.raises(InvalidLinesError) as repeated:
        _judge(lines="11")

    assert [fault.pointer for fault in unknown.value.faults] == ["/lines/1/line_id"]
    assert [fault.pointer for fault in repeated.value.faults] == ["/lines"]


def test_only_applications_without_success_count_towards_the_limit() -> None:
    failed, successful = [a_claim(open=False) for _ in range(3)], [a_claim(open=False, settled=1) for _ in range(3)]

    assert _judge(*successful, *failed[:2]) == NewCase(3)
    assert _judge(*failed, limit=None) == NewCase(4)
    with pytest.raises(ReapplyLimitError):
        _judge(*failed)


def test_a_reviewer_confirms_units_of_the_case_and_no_others() -> None:
    case_id = uuid4()
    claims = [a_claim(case_id=case_id), a_claim(open=False, settled=2)]

    check_units(ORDER, case_id, claims, [AffectedUnits(line_id="1", quantity=3)])
    with pytest.raises(InvalidLinesError):
        check_units(ORDER, case_id, claims, [AffectedUnits(line_id="1", quantity=4)])
    with pytest.raises(InvalidLinesError, match="not about 2"):
        check_units(ORDER, case_id, claims, [AffectedUnits(line_id="2", quantity=1)])


def test_a_case_comes_back_only_while_its_units_are_free() -> None:
    case_id = UUID(int=1)
    own = a_claim(case_id=case_id, open=False, quantity=4)

    check_units(ORDER, case_id, [own], None)
    with pytest.raises(StaleCommandError):
        check_units(ORDER, case_id, [own, a_claim(open=False, settled=2)], None)
    with pytest.raises(StaleCommandError):
        check_units(ORDER, case_id, [own, a_claim(quantity=1)], None)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5), st.booleans()), max_size=8), st.integers(1, 8))
def test_whatever_was_claimed_before_no_new_case_exceeds_what_was_delivered(history: list[tuple[int, int, bool]], quantity: int) -> None:
    """R-INT-07."""
    claims = [a_claim(quantity=q, settled=min(q, s), open=o, line_id="2") for q, s, o in history]

    try:
        verdict = judge(ORDER, Scene.RETURN_NO_REASON, [AffectedUnits(line_id="2", quantity=quantity)], claims, max_applications=None)
    except InvalidLinesError:
        assert sum(claim.held for claim in claims) + quantity > 3
        return
    if isinstance(verdict, NewCase):
        assert sum(claim.held for claim in claims) + quantity <= 3
