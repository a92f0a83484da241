"""Amounts as people read them."""

import pytest

from services.workflow.money.display import in_words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (1275, "GBP", "GBP 12.75"),
        (-5, "GBP", "-GBP 0.05"),
        (300, "JPY", "JPY 300"),
        (1250, "KWD", "KWD 1.250"),
        (123456789, "EUR", "EUR 1,234,567.89"),
        (5, "XXX", "XXX 5"),
        (5, "QQQ", "QQQ 0.05"),
    ],
)
def test_the_exponent_of_the_currency_decides_where_the_point_goes(amount: int, currency: str, words: str) -> None:
    assert in_words(amount, currency) == words
