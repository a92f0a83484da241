"""What travels to and from the daily reconciliation: days, names and numbers."""

from datetime import date

from contracts.base import Model


class DayToReconcile(Model):
    """A day (UTC) of one subject: a payment provider, or the ledger."""

    subject: str
    day: date


class DayReconciled(Model):
    """What came of it. ``problem`` says why it could not be done: it is taken up again the next time."""

    subject: str
    day: date
    matched: int = 0
    breaks: int = 0
    problem: str = ""
