"""Priority, departments, limits, problem type (R-PRI-01 to R-PRI-07, R-SLA-01, -02, -04, -07 to -09, R-SCN-02)."""

from datetime import timedelta

import pytest

from contracts.decision import NextStep, Priority
from contracts.roles import Role
from contracts.scenes import Scene
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import decided, local, order, rules


@pytest.mark.parametrize(("loss", "priority"), [(49_999, Priority.NORMAL), (50_000, Priority.HIGH)])
def test_a_loss_of_500_yuan_is_high(loss: int, priority: Priority) -> None:
    """R-PRI-03, R-PRI-04: the claimed loss, or what the affected units cost."""
    assert decided(claimed_loss_minor=loss).priority is priority
    assert decided(order=order(lines=(an_order_line(quantity=1, amount_minor=loss),))).priority is priority


@pytest.mark.parametrize(
    ("scene", "role"),
    [
        (Scene.QUALITY_DEFECT, Role.QA_MANAGER),
        (Scene.FULFILMENT_MISSING_ITEM, Role.WAREHOUSE_SUPERVISOR),
        (Scene.RETURN_NO_REASON, Role.QA_MANAGER),
    ],
)
def test_a_hazard_hint_makes_any_scene_urgent_and_tells_the_department(scene: Scene, role: Role) -> None:
    """R-PRI-05, R-PRI-07."""
    urgent = decided(scene, hazard_hints=("smoke",))
    assert urgent.priority is Priority.URGENT
    assert [department.role for department in urgent.departments] == [role]
    assert decided(scene).departments == ()


def test_a_hint_alone_gives_no_money_before_an_agent_checked_it() -> None:
    """R-PRI-07: urgent pending agent check."""
    assert decided(Scene.QUALITY_DEFECT, hazard_hints=("smoke",)).next_step is NextStep.ASK_EVIDENCE


def test_limits_run_from_the_recording_of_the_case() -> None:
    """R-SLA-01, R-SLA-02, R-SLA-04, R-SLA-08, R-SLA-09."""
    recorded = local(11)
    normal = decided(moment=local(12), recorded_at=recorded)
    assert {limit.sla: limit.due_at - recorded for limit in normal.limits} == {
        "R-SLA-02": timedelta(seconds=30),
        "R-SLA-04": timedelta(hours=1),
        "R-CASE-04": timedelta(days=3),
    }
    urgent = decided(recorded_at=recorded, hazard_hints=("smoke",))
    assert {limit.sla: limit.due_at - recorded for limit in urgent.limits} == {
        "R-SLA-01": timedelta(seconds=10),
        "R-SLA-08": timedelta(seconds=60),
        "R-SLA-09": timedelta(minutes=30),
        "R-CASE-04": timedelta(hours=48),
    }


def test_the_supervisors_answer_is_promised_from_now() -> None:
    """R-SLA-07."""
    now = local(25)
    decision = decided(at=now)
    assert next(limit.due_at for limit in decision.limits if limit.sla == "R-SLA-07") == now + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("scene", "problem"),
    [
        (Scene.RETURN_NO_REASON, "service"),
        (Scene.RETURN_OVER_WINDOW, "service"),
        (Scene.LOGISTICS_DAMAGE, "logistics"),
        (Scene.FULFILMENT_MISSING_ITEM, "logistics"),
        (Scene.QUALITY_DEFECT, "quality"),
    ],
)
def test_every_scene_counts_as_one_problem_type(scene: Scene, problem: str) -> None:
    """R-SCN-02."""
    decision = decided(scene)
    assert decision.problem_type.value == problem
    assert "R-SCN-02" in rules(decision)
