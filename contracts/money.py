"""Money: an integer amount in minor units with its currency, never a float."""

from typing import Self

from contracts.base import CurrencyCode, Model


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies met in one sum or comparison."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"cannot combine {left} with {right}: amounts are never converted")


class Money(Model):
    """An amount in minor units (pence, fen, yen, fils) of an ISO 4217 currency. May be negative where a name says so."""

    amount_minor: int
    currency: CurrencyCode

    def __add__(self, other: Self) -> Self:
        self._same_currency(other)
        return self.model_copy(update={"amount_minor": self.amount_minor + other.amount_minor})

    def __sub__(self, other: Self) -> Self:
        self._same_currency(other)
        return self.model_copy(update={"amount_minor": self.amount_minor - other.amount_minor})

    def __neg__(self) -> Self:
        return self.model_copy(update={"amount_minor": -self.amount_minor})

    def __lt__(self, other: Self) -> bool:
        self._same_currency(other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: Self) -> bool:
        self._same_currency(other)
        return self.amount_minor <= other.amount_minor

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in ``currency``."""
        return cls(amount_minor=0, currency=currency)

    def _same_currency(self, other: Self) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
