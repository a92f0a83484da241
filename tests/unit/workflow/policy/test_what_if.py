"""Past cases under another policy: the first offer of each counts, and nothing is left out in silence."""

from typing import Any

from contracts.scenes import Scene
from services.workflow.policy.decide import decide
from services.workflow.policy.what_if import Got, NotDecided, PastCase, WouldGet, decide_again, first_offers, sums
from tests.unit.workflow.policy.claims import CN, UK, a_claim, order


def past(number: str = "C1", scene: Scene = Scene.LOGISTICS_DAMAGE, **changes: Any) -> PastCase:
    facts = a_claim(scene, **changes)
    return PastCase(number, "a-shop", CN.policy_version, facts.model_dump(mode="json"), decide(facts, CN).model_dump(mode="json"))


def test_a_case_is_decided_again_on_the_facts_as_they_were() -> None:
    result = decide_again(past(usable=True), UK)
    assert isinstance(result, WouldGet)
    assert (result.before, result.after) == (Got("compensate_keep", 200), Got("return_refund", 1050))
    assert (result.difference_minor, result.currency, result.changed) == (850, "CNY", True)
    same = decide_again(past(usable=True), CN)
    assert isinstance(same, WouldGet)
    assert (same.difference_minor, same.changed) == (0, False)


def test_a_case_that_would_get_no_offer_gets_nothing() -> None:
    """Goods that lost value are refused in China, and taken back in Britain."""
    sound = past(scene=Scene.RETURN_NO_REASON)
    worn = PastCase("C2", "a-shop", "x", sound.facts | {"claimed": {"affects_secondary_sale": True}}, sound.decision)
    refused = decide_again(worn, CN)
    assert isinstance(refused, WouldGet)
    assert (refused.after, refused.difference_minor) == (Got("reject", 0), -1050)
    assert isinstance(taken := decide_again(worn, UK), WouldGet)
    assert taken.after == Got("return_refund", 1050)


def test_cases_that_cannot_be_decided_are_named_with_the_reason() -> None:
    case = past(usable=True)
    wrong: list[tuple[dict[str, object], str]] = [
        (case.facts | {"scene": "order.teleport"}, "scene"),
        (case.facts | {"time_zone": "Mars"}, "time_zone"),
        ({"scene": "logistics.damage"}, "moment"),
    ]
    for facts, why in wrong:
        result = decide_again(PastCase("C3", "a-shop", "x", facts, case.decision), CN)
        assert isinstance(result, NotDecided)
        assert (result.case_number, result.scene) == ("C3", facts["scene"])
        assert why in result.why


def test_a_case_that_is_fixed_to_its_policy_is_decided_under_the_other_one() -> None:
    case = past(usable=True)
    fixed = PastCase("C4", "a-shop", "x", case.facts | {"policy_version": CN.policy_version}, case.decision)
    assert isinstance(result := decide_again(fixed, UK), WouldGet)
    assert result.after.what == "return_refund"


def test_the_first_offer_of_each_case_counts() -> None:
    asked = past("C1")
    offered = past("C1", usable=True)
    again = past("C1", usable=False)
    other = past("C2", usable=True)
    elsewhere = PastCase("C1", "b-shop", "x", other.facts, other.decision)
    assert first_offers([asked, offered, again, other, elsewhere]) == [offered, other, elsewhere]


def test_differences_are_summed_by_currency() -> None:
    cases = [past("C1", usable=True), past("C2", usable=True), past("C3", usable=True, order=order(currency="GBP"))]
    results = [decide_again(case, UK) for case in cases]
    decided = [each for each in results if isinstance(each, WouldGet)]
    assert sums(decided) == {"CNY": 1700, "GBP": 0}
