"""What can be wrong with a question about money. Each message names the place and what to do.

MoneyError
├── RequestCurrencyError    the request is in another currency than the order
├── PaymentCurrencyError    a payment is in another currency than the order
├── UnknownItemError        something names a line, charge, shipment or payment that the order does not have
├── OverlappingItemsError   two items of a request ask for the same money
├── NothingLeftError        everything is asked for, and nothing is left
├── QuantityExceededError   more units than are left
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


class PaymentCurrencyError(MoneyError):
    """Money goes back in the currency it came in."""

    def __init__(self, payment_id: str, payment: str, order: str) -> None:
        super().__init__(
            f"order.payments {payment_id}: currency is {payment}, but the order is in {order}: send the order in the currency it was paid in"
        )


class UnknownItemError(MoneyError):
    """The order does not have what ``field`` names."""

    def __init__(self, kind: str, item_id: str, field: str = "request.items") -> None:
        super().__init__(f"{field} names {kind} {item_id}, which the order does not have: use an id of the order")


class OverlappingItemsError(MoneyError):
    """Two items would give back the same money, or the order of the items would change the amounts."""

    def __init__(self, place: int, other: int, what: str) -> None:
        super().__init__(
            f"request.items[{place}] and items[{other}] both ask for {what}: leave one out, or make two requests, one after the other"
        )


class NothingLeftError(MoneyError):
    """There is nothing that could be given back."""

    def __init__(self, number: str) -> None:
        super().__init__(f"request.items asks for everything, but nothing is left on order {number}: all of it was given back before")


class QuantityExceededError(MoneyError):
    """The line, or its part of a shipment, does not have that many units left."""

    def __init__(self, line_id: str, asked: int, left: int, shipment_id: str | None = None) -> None:
        where = f" in shipment {shipment_id}" if shipment_id else ""
        super().__init__(f"line {line_id}{where}: {asked} units asked, but only {left} are left: ask for at most {left}")


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
