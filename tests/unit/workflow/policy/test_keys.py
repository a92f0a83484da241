"""Every key of the domain rules' section 31 is a setting of the pack that is the rules as they stand."""

import re
from pathlib import Path

from services.workflow.policy.describing import settings_in_words
from tests.unit.workflow.policy.claims import CN

PAGE = Path(__file__).parents[4] / "docs" / "policy-keys.md"


def test_every_setting_that_the_page_names_is_one() -> None:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row[2])}
    known = settings_in_words(CN.settings)
    assert len(named) > 90
    assert named - known.keys() == set()


def test_the_page_names_every_setting_of_the_pack_that_a_rule_key_stands_for() -> None:
    """Settings that are not on the page are the platform's own, such as how often an open refund is looked at."""
    own = {"eligibility.confirmed_tag", "review.answer", "offer.grace", "approval.agent", "return.transit_max", "refund.first_look"}
    own |= {"refund.longest_look", "refund.alarm", "reship.delivery"}
    text = PAGE.read_text(encoding="utf-8")
    assert {name for name in settings_in_words(CN.settings) if f"`{name}`" not in text} == own
