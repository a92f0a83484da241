"""Amounts cross over to Stripe's units and back unchanged, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.workflow.adapters.stripe_amounts import NotExpressibleError, from_stripe, to_stripe


@pytest.mark.parametrize(
    ("currency", "amount_minor", "amount"),
    [
        ("GBP", 1234, 1234),
        ("JPY", 500, 500),
        ("CLP", 500, 500),
        ("ISK", 5, 500),
        ("UGX", 5, 500),
        ("HUF", 1045, 1045),
        ("TWD", 80_045, 80_045),
        ("KWD", 5120, 5120),
        ("MGA", 1000, 10),
    ],
)
def test_an_amount_is_written_as_stripe_counts_the_currency(currency: str, amount_minor: int, amount: int) -> None:
    assert to_stripe(amount_minor, currency) == amount
    assert from_stripe(amount, currency) == amount_minor


@pytest.mark.parametrize(("currency", "amount_minor"), [("KWD", 5124), ("MGA", 1001), ("XXX", 1), ("ZZZ", 1), ("gbp", 1)])
def test_what_stripe_cannot_pay_is_refused(currency: str, amount_minor: int) -> None:
    with pytest.raises(NotExpressibleError):
        to_stripe(amount_minor, currency)


def test_an_amount_of_stripes_without_a_counterpart_is_refused() -> None:
    with pytest.raises(NotExpressibleError):
        from_stripe(550, "ISK")


@given(st.integers(1, 10**12), st.sampled_from(["GBP", "JPY", "ISK", "UGX", "KWD", "MGA", "HUF", "XAF", "TND", "CNY"]))
def test_what_crosses_over_comes_back_the_same(amount_minor: int, currency: str) -> None:
    try:
        amount = to_stripe(amount_minor, currency)
    except NotExpressibleError:
        return
    assert from_stripe(amount, currency) == amount_minor
