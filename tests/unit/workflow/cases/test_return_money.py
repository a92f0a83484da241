"""What a return asks of the money where not all of it came back (R-RTN-05)."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.decision_facts import AffectedUnits
from services.workflow.cases.money import held_back, split_units


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=1), st.dictionaries(st.sampled_from("abcdx"), st.integers(-3, 20))
)
def test_accepted_and_disputed_units_together_are_what_was_agreed(agreed: dict[str, int], accepted: dict[str, int]) -> None:
    units = tuple(AffectedUnits(line_id=line, quantity=quantity) for line, quantity in agreed.items())
    good, rest = split_units(units, accepted)
    total = dict.fromkeys(agreed, 0)
    for unit in (*good, *rest):
        total[unit.line_id] += unit.quantity
    assert total == agreed
    assert all(unit.quantity <= max(accepted.get(unit.line_id, 0), 0) for unit in good)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_what_is_held_back_brings_the_value_down_to_the_partial_refund_and_never_raises_it(full: int, partial: int) -> None:
    assert full - sum(deduction.amount_minor for deduction in held_back(full, partial)) == min(full, partial)
