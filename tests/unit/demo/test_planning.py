"""The cases of a run, who buys where, and the part everybody plays."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from contracts.scenes import Scene
from deploy.local.demo.command import DATA
from deploy.local.demo.dataset import DatasetError, Row, read_rows
from deploy.local.demo.merchants import STRICT
from deploy.local.demo.planning import CLAIM_DAYS, WINDOW_DAYS, Plan, make_plan, other_endings_allowed
from deploy.local.demo.run import arrivals
from deploy.local.demo.scope import Scope, read_scope, scope_of
from deploy.local.demo.scripts import Outcome
from services.workflow.policy.registry import load_packs
from tests.support.demo_files import a_row, drawn_files, write_file


def plan_of(scope: Scope, seed: int) -> Plan:
    return make_plan(scope, arrivals(scope), seed)


def endings(scope: Scope, plan: Plan) -> Counter[Outcome]:
    counted: Counter[Outcome] = Counter()
    for case, script in zip(scope.cases, plan.scripts, strict=True):
        counted[script.expected] += len(case.parts)
    return counted


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_rows(DATA)


@pytest.fixture(scope="module")
def whole(rows: list[Row]) -> Scope:
    return scope_of(rows)


def test_every_credit_note_is_one_case_per_order_it_touches(whole: Scope) -> None:
    assert len(whole.cases) == 236
    assert len({(case.credit_note, case.order.number) for case in whole.cases}) == 236
    matched = sum(line.quantity for line in whole.credit_lines if line.matches)
    assert sum(case.units for case in whole.cases) == matched


def test_a_lines_next_case_waits_for_its_previous_one(whole: Scope) -> None:
    for case in whole.cases:
        before = [other.position for other in whole.cases[: case.position] if set(other.lines) & set(case.lines)]
        assert list(case.waits_for) == before
    assert any(case.waits_for for case in whole.cases)


@pytest.mark.parametrize("seed", range(6))
def test_most_matches_are_refunded_and_every_other_ending_occurs(whole: Scope, seed: int) -> None:
    plan = plan_of(whole, seed)
    counted = endings(whole, plan)
    assert set(counted) == set(Outcome)
    assert 0.80 <= counted[Outcome.REFUNDED] / whole.matches <= 0.88
    assert any(script.lets_pass for script in plan.scripts)
    assert 0 < sum(plan.merchants[case.customer] == STRICT for case in whole.cases) < 50


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("limit", [1, 3, 8, 20, 50])
def test_however_few_cases_three_quarters_of_the_matches_are_refunded(rows: list[Row], seed: int, limit: int) -> None:
    scope = scope_of(rows, limit)
    plan = plan_of(scope, seed)
    counted = endings(scope, plan)
    assert counted[Outcome.REFUNDED] * 4 >= scope.matches * 3
    if limit >= 20:
        assert set(counted) == set(Outcome)
        assert any(script.lets_pass for script in plan.scripts)


def test_the_same_seed_gives_the_same_parts_and_another_seed_others(whole: Scope) -> None:
    assert plan_of(whole, 5) == plan_of(whole, 5)
    assert plan_of(whole, 5) != plan_of(whole, 6)


def test_an_application_beyond_the_window_is_an_exception_and_no_claim_is_late(whole: Scope) -> None:
    arrived = arrivals(whole)
    for case, script in zip(whole.cases, plan_of(whole, 1).scripts, strict=True):
        late = case.days_after(arrived[case.order.number]) > WINDOW_DAYS
        assert late == (script.scene is Scene.RETURN_OVER_WINDOW)


@pytest.mark.parametrize("pack", ["demo-uk", "demo-strict"])
def test_the_plan_knows_the_windows_of_the_demo_packs(pack: str) -> None:
    for policy in load_packs().packs[pack]:
        assert policy.settings.window.no_reason == timedelta(days=WINDOW_DAYS)
        assert timedelta(days=CLAIM_DAYS) < policy.settings.window.claim


def test_fewer_units_can_only_come_back_where_there_are_several(whole: Scope) -> None:
    for case, script in zip(whole.cases, plan_of(whole, 1).scripts, strict=True):
        if script.expected is Outcome.PARTLY_REFUNDED:
            assert len(case.parts) == 1
            assert case.units > 1


def test_the_share_of_other_endings_never_passes_a_quarter() -> None:
    assert all(other_endings_allowed(matches) * 4 <= matches for matches in range(2_000))


def test_a_limit_covers_whole_credit_notes_and_the_orders_they_touch(rows: list[Row], whole: Scope) -> None:
    scope = scope_of(rows, 8)
    assert 8 <= len(scope.cases) < 12
    notes = {line.row.invoice for line in scope.credit_lines}
    assert [line for line in whole.credit_lines if line.row.invoice in notes] == list(scope.credit_lines)
    assert {order.number for order in scope.orders} == {case.order.number for case in scope.cases}


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(DatasetError, match="must be 1 or more"):
        read_scope(DATA, 0)


def test_a_file_of_one_customer_has_no_strict_shop(tmp_path: Path) -> None:
    scope = read_scope(write_file(tmp_path / "f.csv", [a_row("1", quantity=3), a_row("C2", quantity=-1, day=3)]))
    assert set(plan_of(scope, 1).merchants.values()) == {"demo-shop"}


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(drawn=drawn_files())
def test_any_file_can_be_planned(tmp_path: Path, drawn: list[list[str]]) -> None:
    scope = read_scope(write_file(tmp_path / "f.csv", drawn))
    plan = plan_of(scope, 1)
    counted = endings(scope, plan)
    assert counted.total() == scope.matches
    assert counted[Outcome.REFUNDED] * 4 >= scope.matches * 3
    for case in scope.cases:
        assert all(before < case.position for before in case.waits_for)
        assert case.order.moment <= arrivals(scope)[case.order.number] <= max(case.requested, case.order.moment)
