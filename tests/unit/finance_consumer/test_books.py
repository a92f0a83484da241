"""The books end the same whatever is read how often and in which order; what cannot be booked is kept aside and stops nothing (R-RFD-12)."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from contracts.identifiers import EventId
from deploy.examples.finance_consumer.record import Record
from deploy.examples.finance_consumer.report import Clash, Gap
from deploy.examples.finance_consumer.state import Mode, OtherModeError, State
from deploy.examples.finance_consumer.taking import Taking
from tests.unit.finance_consumer.events import a_body, a_lines, a_story, an_event, balances, key_of, take

OF_THE_STORY = {
    "returns.goods": 0,
    "clearing:sandbox": 0,
    "refunds.payable": 0,
    "freight.topup": 450,
    "clearing.payout": -450,
    "carrier.claims": 850,
    "carrier.recoveries": -850,
}


def test_the_whole_life_of_a_refund_is_booked(tmp_path: Path) -> None:
    """Settled, reversed, paid again, reversed, given up; a payout and an entry that finance posted."""
    report = take(tmp_path, *a_story())
    assert balances(report) == OF_THE_STORY
    assert report.entries == 7
    assert report.is_sound


def test_between_reversal_and_second_payment_it_is_owed(tmp_path: Path) -> None:
    assert balances(take(tmp_path, *a_story()[:5])) == {"returns.goods": 850, "clearing:sandbox": 0, "refunds.payable": -850}


@pytest.mark.parametrize("seed", range(8))
def test_a_replay_of_any_part_in_any_order_changes_nothing(tmp_path: Path, seed: int) -> None:
    story = a_story()
    chance = random.Random(seed)
    for _ in range(4):
        take(tmp_path, *chance.sample(story, k=chance.randrange(len(story))))
    chance.shuffle(story)
    report = take(tmp_path, *story, *story)
    assert (balances(report), report.entries, report.is_sound) == (OF_THE_STORY, 7, True)


def test_what_began_in_the_middle_says_what_is_missing_until_it_has_come(tmp_path: Path) -> None:
    story = a_story()
    key = key_of(story[0])
    assert take(tmp_path, *story[4:6], *story[8:]).gaps == (Gap(key, 1, 4), Gap(key, 7, 8))
    report = take(tmp_path, *story)
    assert (balances(report), report.gaps) == (OF_THE_STORY, ())


def test_a_number_that_two_events_claim_is_reported(tmp_path: Path) -> None:
    record = an_event(a_body("approved"))
    assert take(tmp_path, record, an_event(a_body("submitted"))).clashes == (Clash(key_of(record), 1),)


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (an_event(a_body("settled", journal=a_lines("a", "b")[:1]), 2), "sums to 850"),
        (replace(an_event(a_body("settled"), 2), value=b"{"), "settled.v1: body"),
        (replace(an_event(a_body("settled"), 2), value=None), "settled.v1: body"),
        (an_event(a_body("settled"), 2, type="aftersales.refund.forgiven.v1"), "unknown event type"),
        (an_event(a_body("settled"), 2, type="aftersales.refund.settled.v2"), "unknown event type"),
        (an_event(a_body("settled"), 2, merchant_id="another"), "the body is not"),
    ],
)
def test_what_cannot_be_booked_is_set_aside_once_and_those_behind_it_are_booked(tmp_path: Path, poison: Record, reason: str) -> None:
    around = an_event(a_body("settled"), 1), an_event(a_body("entry_posted"), 3)
    for _ in range(2):
        report = take(tmp_path, around[0], poison, around[1])
        assert report.entries == 2
        (aside,) = report.set_aside
        assert reason in aside.reason
        assert (report.gaps, report.is_sound) == ((), False)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("ce_id", None)],
        [("ce_id", b"\xff")],
        [("ce_specversion", b"1.0"), ("ce_id", b"seven")],
        an_event(a_body("settled"), 10**30).headers,
        an_event(a_body("settled"), 2, subject="another").headers,
    ],
)
def test_a_record_whose_headers_cannot_be_believed_is_set_aside_and_counts_for_no_number(
    tmp_path: Path, headers: list[tuple[str, bytes | None]]
) -> None:
    poison = replace(an_event(a_body("settled"), 2, offset=7), headers=headers)
    report = take(tmp_path, an_event(a_body("settled"), 1), poison, poison, an_event(a_body("entry_posted"), 3))
    assert [aside.place for aside in report.set_aside] == ["refunds/0/7"]
    assert [(gap.first, gap.last) for gap in report.gaps] == [(2, 2)]
    assert report.entries == 2


def test_what_was_set_aside_is_booked_by_a_replay_once_it_can_be(tmp_path: Path) -> None:
    """As after a consumer was deployed that knows the type."""
    event_id = EventId(uuid4())
    unknown = an_event(a_body("settled"), type="aftersales.refund.forgiven.v1", id=event_id)
    assert len(take(tmp_path, unknown).set_aside) == 1
    report = take(tmp_path, an_event(a_body("settled"), id=event_id))
    assert (report.set_aside, report.entries, report.is_sound) == ((), 1, True)


def test_an_entry_told_by_two_events_is_booked_once_and_never_changed(tmp_path: Path) -> None:
    told = a_body("settled", ledger_entry_id=UUID(int=7))
    take(tmp_path, an_event(told, 1), an_event(told, 2))
    report = take(tmp_path, an_event(a_body("settled", ledger_entry_id=UUID(int=7), journal=a_lines("returns.goods", "clearing:other")), 3))
    assert (report.entries, balances(report)) == (1, {"returns.goods": 850, "clearing:sandbox": -850})
    assert ["other lines" in aside.reason for aside in report.set_aside] == [True]


@pytest.mark.parametrize(("mode", "booked"), [("live", 850), ("test", 425), ("all", 1275)])
def test_test_money_and_real_money_are_apart(tmp_path: Path, mode: Mode, booked: int) -> None:
    live = an_event(a_body("settled", ledger_entry_id=UUID(int=1)), 1)
    test = an_event(a_body("settled", ledger_entry_id=UUID(int=2), journal=a_lines("returns.goods", "clearing:sandbox", 425)), 2, test=True)
    report = take(tmp_path, live, test, mode=mode)
    assert (balances(report)["returns.goods"], report.is_sound) == (booked, True)


def test_a_file_of_real_money_is_not_opened_for_test_money(tmp_path: Path) -> None:
    take(tmp_path, mode="live")
    with pytest.raises(OtherModeError, match="another file"):
        take(tmp_path, mode="test")


def test_a_crash_in_the_middle_of_a_batch_leaves_neither_effect_nor_inbox_row(tmp_path: Path) -> None:
    story = a_story()

    def crashing() -> Iterator[Record]:
        yield from story[:4]
        raise ConnectionResetError("the process died here")

    with State.opened(tmp_path / "books.sqlite", "live") as state:
        with pytest.raises(ConnectionResetError):
            Taking(state, "live").take(crashing())
        assert state.is_new()
    assert balances(take(tmp_path, *story)) == OF_THE_STORY


def test_the_report_reads_as_text_with_names(tmp_path: Path) -> None:
    report = take(tmp_path, *a_story()[1:4])
    text = report.as_text(balances=True)
    assert "clearing:sandbox" in text
    assert "Payment provider clearing: sandbox" in text
    assert "-850" in text
    assert "missing: order" in text
    assert "Goods given back" not in report.as_text(balances=False)
