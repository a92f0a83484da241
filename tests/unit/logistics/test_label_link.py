"""Label links open one return's label until they expire, and nobody can make one up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from contracts.identifiers import RmaId
from services.logistics.domain.label_link import LabelLinkExpiredError, LabelLinkInvalidError, check_label_link, sign_label_link

KEY, OLD_KEY = "k" * 32, "o" * 32
RMA = RmaId(UUID(int=7))
NOW = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = NOW + timedelta(days=30)


def test_a_link_opens_until_it_expires() -> None:
    token = sign_label_link(KEY, RMA, UNTIL)
    check_label_link([KEY], RMA, token, NOW)
    check_label_link([KEY], RMA, token, UNTIL)
    with pytest.raises(LabelLinkExpiredError):
        check_label_link([KEY], RMA, token, UNTIL + timedelta(seconds=1))


def test_a_link_of_an_older_key_opens_while_that_key_is_kept() -> None:
    token = sign_label_link(OLD_KEY, RMA, UNTIL)
    check_label_link([KEY, OLD_KEY], RMA, token, NOW)
    with pytest.raises(LabelLinkInvalidError):
        check_label_link([KEY], RMA, token, NOW)


def test_a_link_opens_no_other_return() -> None:
    with pytest.raises(LabelLinkInvalidError):
        check_label_link([KEY], RmaId(uuid4()), sign_label_link(KEY, RMA, UNTIL), NOW)


@pytest.mark.parametrize("change", ["later", "", ".", "x.y", "9" * 40 + ".x", "1.é", "٣.x"])
def test_a_changed_or_made_up_token_opens_nothing(change: str) -> None:
    expiry, _, signature = sign_label_link(KEY, RMA, UNTIL).partition(".")
    token = f"{int(expiry) + 60}.{signature}" if change == "later" else change
    with pytest.raises(LabelLinkInvalidError):
        check_label_link([KEY], RMA, token, NOW)
