"""Case numbers as people say them: prefix, year, and a counter of the merchant: ``C26-000123``."""

from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.merchant import Merchant


def year_at(merchant: Merchant, moment: datetime) -> int:
    """The year of the merchant's own calendar."""
    return moment.astimezone(ZoneInfo(merchant.time_zone)).year


def case_number(merchant: Merchant, year: int, ordinal: int) -> str:
    """The number of the ``ordinal``-th case of a year (from 1)."""
    return f"{merchant.case_number_prefix}{year % 100:02d}-{ordinal:06d}"
