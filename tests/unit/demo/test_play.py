"""Who acts when, and what the warehouse says."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.case_state import CANCELLABLE, ENDED, CaseStatus
from contracts.progress import WaitingFor
from deploy.local.demo import scripts
from deploy.local.demo.people.parcels import inspection_of
from deploy.local.demo.people.pictures import picture
from deploy.local.demo.play import Play
from deploy.local.demo.replay import act_for
from deploy.local.demo.scope import read_scope
from services.logistics.adapters.photo_store import FORMATS
from tests.support.demo_files import a_row, write_file
from tests.support.demo_runs import an_ended_play


@pytest.fixture
def play(tmp_path: Path) -> Play:
    rows = [a_row("1", "85123A", 6), a_row("1", "22423", 2), a_row("C2", "85123A", -5, day=2), a_row("C2", "22423", -2, day=2)]
    (case,) = read_scope(write_file(tmp_path / "f.csv", rows)).cases
    return an_ended_play(case, None)


def told(status: str, waiting_for: str, who: str = "customer") -> dict[str, str | None]:
    return {"status": status, "waiting_for": waiting_for, "who": who, "due_at": None, "outcome": None}


def test_somebody_acts_once_per_step_and_again_only_after_a_while(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    play.see(told("offer_pending", "choice"))
    assert play.wants_act(2.0)
    assert not play.wants_act(2.0)
    now += 2.5
    assert play.wants_act(2.0), "nothing came of it: once more"
    assert play.tries == 2
    play.see(told("awaiting_return", "return_shipment"))
    assert play.wants_act(2.0), "a new step is acted on at once"
    assert play.tries == 1


def test_nobody_acts_twice_at_the_same_time(play: Play) -> None:
    play.see(told("offer_pending", "choice"))
    play.busy = True
    assert not play.wants_act(0.0)


def test_an_approval_that_moves_up_is_a_new_step(play: Play) -> None:
    play.see(told("approval_pending", "approval", "supervisor"))
    assert play.wants_act(60.0)
    play.see(told("approval_pending", "approval", "after_sales_manager"))
    assert play.wants_act(60.0)


@pytest.mark.parametrize("status", sorted(set(CaseStatus) - ENDED - {CaseStatus.SUBMITTED, CaseStatus.AGREED, CaseStatus.EXECUTING}))
def test_whatever_a_case_waits_for_somebody_acts(play: Play, status: CaseStatus) -> None:
    play.see(told(status.value, "nothing"))
    assert act_for(play) is not None


@pytest.mark.parametrize("waiting_for", [WaitingFor.APPROVAL, WaitingFor.RESHIPMENT])
def test_what_a_case_waits_for_counts_more_than_its_status(play: Play, waiting_for: WaitingFor) -> None:
    play.see(told("executing", waiting_for.value, "logistics_dept"))
    assert act_for(play) is not None


def test_a_refund_is_the_platforms_own_until_finance_must_look(play: Play) -> None:
    play.see(told("executing", "refund", "platform"))
    assert act_for(play) is None
    play.see(told("executing", "refund", "finance"))
    assert act_for(play) is not None


def test_who_withdraws_does_it_where_that_is_possible() -> None:
    assert CaseStatus.OFFER_PENDING in CANCELLABLE
    assert not scripts.WITHDRAWN.consents, "an application with consent would never see an offer"


def test_the_warehouse_finds_what_the_part_says(play: Play) -> None:
    assert inspection_of(play) == {"result": "match"}
    play.script = scripts.SHORT
    assert inspection_of(play) == {
        "result": "short_quantity",
        "units": [{"line_id": "0", "accepted": 4}, {"line_id": "1", "accepted": 2}],
    }
    play.script = scripts.TAKEN_BACK
    assert inspection_of(play)["units"] == [{"line_id": "0", "accepted": 0}, {"line_id": "1", "accepted": 0}]


def test_a_case_says_why_it_did_not_end(play: Play) -> None:
    play.see({**told("awaiting_return", "return_shipment"), "due_at": "2026-01-01T00:00:00Z"})
    play.trouble = "no label yet"
    assert play.told().endswith("awaiting_return, waits for return_shipment (customer) until 2026-01-01T00:00:00Z; no label yet")


def test_pictures_differ_by_seed_and_are_repeatable() -> None:
    assert picture("a", "goods") == picture("a", "goods") != picture("b", "goods")
    assert picture("a", "goods").startswith(b"\xff\xd8")
    assert "JPEG" in FORMATS


def test_only_the_scene_changes_beyond_the_window() -> None:
    late = scripts.AGREED_AHEAD.beyond_window()
    assert late == replace(scripts.AGREED_AHEAD, scene=late.scene)
    assert scripts.DAMAGED.beyond_window() is scripts.DAMAGED
