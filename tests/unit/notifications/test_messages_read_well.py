"""What customers read: the catalogue of moments in both languages (rules, section 22)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.resolution_v1 import ApprovalEscalated, ReminderDue
from services.notifications.domain.moments import Notice, notices_of
from services.notifications.domain.rendering import LOCALES, language_of, render
from tests.support.builders import a_case, a_merchant
from tests.support.sample_events import sample_events

NOTICES = [notice for event in sample_events() for notice in notices_of(event)]
REMINDERS = ["R-NTF-02", "R-NTF-05", "R-NTF-10", "R-NTF-12", "R-NTF-26"]


def words(notice: Notice, locale: str = "en", **changes: Any) -> str:
    merchant = changes.pop("merchant", a_merchant())
    rendered = render(notice.moment, notice.facts, locale=locale, merchant=merchant, case_number="C26-000001", name=changes.get("name", ""))
    assert rendered.subject
    return rendered.text


def notice_of(moment: str, **facts: Any) -> Notice:
    found = next(notice for notice in NOTICES if notice.moment == moment)
    return Notice(moment, found.facts | facts)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.moment)
def test_every_message_names_the_case_and_a_contact_way(notice: Notice, locale: str) -> None:
    text = words(notice, locale)
    assert "C26-000001" in text
    assert "service@shop.invalid" in text
    assert "{{" not in text


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("moment", REMINDERS)
def test_every_reminder_can_be_said_with_its_time_alone(moment: str, locale: str) -> None:
    assert words(Notice(moment, {"reminder": True, "due_at": "2026-03-09T09:30:00+00:00"}), locale)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", ["submitted", "settled", "failed"])
def test_a_refund_message_says_the_amount_as_people_write_it(state: str, locale: str) -> None:
    assert "£8.50" in words(notice_of("R-NTF-14", state=state), locale)


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "¥850"), ("KWD", "0.850"), ("GBP", "£8.50")])
def test_amounts_keep_the_exponent_of_their_currency(currency: str, shown: str) -> None:
    assert shown in words(notice_of("R-NTF-14", state="settled", currency=currency))


def test_times_are_told_in_the_merchants_time_zone() -> None:
    notice = Notice("R-NTF-11", {"received_at": datetime(2026, 7, 1, 22, 30, tzinfo=UTC).isoformat()})
    assert "23:30" in words(notice)
    assert "2026年7月2日 06:30" in words(notice, "zh-CN", merchant=a_merchant(time_zone="Asia/Shanghai"))


def test_the_first_message_neither_admits_a_cause_nor_promises_a_remedy() -> None:
    """R-INT-04, R-EVD-03."""
    text = words(Notice("R-NTF-01")).lower()
    assert "sorry for the trouble" in text
    assert not any(word in text for word in ("refund", "our fault", "replace"))


def test_no_offer_is_called_the_last_one() -> None:
    """R-COMP-14, R-NOT-13."""
    text = words(notice_of("R-NTF-05")).lower()
    assert not any(word in text for word in ("last offer", "final", "only offer"))


def test_no_message_speaks_of_reviews_or_ends_legal_claims() -> None:
    """R-NOT-01, R-ELIG-08."""
    for notice in NOTICES:
        text = (words(notice) + words(notice, "zh-CN")).lower()
        assert not any(word in text for word in ("review", "rating", "好评", "five stars", "waive"))


def test_any_chinese_is_written_to_in_chinese_and_all_others_in_english() -> None:
    assert [language_of(tag) for tag in ("zh", "zh-TW", "de-DE", "en-GB")] == ["zh-CN", "zh-CN", "en", "en"]


def test_an_escalation_is_told_but_the_hourly_alarm_is_not() -> None:
    """R-AUTH-03, R-NTF-29."""
    escalated = next(event for event in sample_events() if isinstance(event, ApprovalEscalated))
    assert [notice.moment for notice in notices_of(escalated)] == ["R-NTF-29"]
    assert notices_of(escalated.model_copy(update={"from_tier": escalated.to_tier})) == ()


def test_a_reminder_takes_the_moment_of_what_it_reminds_of() -> None:
    reminder = next(event for event in sample_events() if isinstance(event, ReminderDue))
    assert notices_of(reminder)[0].moment == reminder.moment


def test_an_opened_case_is_greeted() -> None:
    assert [notice.moment for notice in notices_of(a_case())] == ["R-NTF-01"]
