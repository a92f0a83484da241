"""What can be wrong with a question about money. Each message names the place and what to do.

MoneyError
├── RequestCurrencyError    the request is in another currency than the order
├── UnknownItemError        the request names a line or freight charge that the order does not have
├── QuantityExceededError   more units than the line has left
├── CapExceededError        an amount that was asked for is above what may be given back
├── NoPaymentError          the order has no payment that money could go back to
├── OrderMoneyError         the order's own amounts contradict each other
└── PriorMoneyError         what is said to have been given back before cannot be
"""


class MoneyError(ValueError):
    """The base of everything that can be wrong with a question about money."""


class RequestCurrencyError(MoneyError):
    """Amounts are never converted."""

    def __init__(self, asked: str, order: str) -> None:
        super().__init__(f"request.currency is {asked}, but the order is in {order}: ask in the order's currency")


class UnknownItemError(MoneyError):
    """The order does not have what the request names."""

    def __init__(self, kind: str, item_id: str) -> None:
        super().__init__(f"request.items names {kind} {item_id}, which the order does not have: use an id of the order")


class QuantityExceededError(MoneyError):
    """The line does not have that many units left."""

    def __init__(self, line_id: str, asked: int, left: int) -> None:
        super().__init__(f"line {line_id}: {asked} units asked, but only {left} are left: ask for at most {left}")


class CapExceededError(MoneyError):
    """An amount that was named is above its limit; entitlements without a named amount are reduced to the limit instead."""

    def __init__(self, name: str, rule: str, asked_minor: int, limit_minor: int) -> None:
        super().__init__(f"{name}: {asked_minor} asked, but at most {limit_minor} minor units may be given back ({rule}): ask for less")
        self.name = name
        self.limit_minor = limit_minor


class NoPaymentError(MoneyError):
    """There is nothing to refund to (R-RFD-02)."""

    def __init__(self, number: str) -> None:
        super().__init__(f"order {number} has no captured payment to refund to (R-RFD-02): send the order with its payments")


class OrderMoneyError(MoneyError):
    """The order's own amounts contradict each other."""


class PriorMoneyError(MoneyError):
    """What is said to have been given back before cannot be."""
