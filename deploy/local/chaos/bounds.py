"""How long a run may take, part by part."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Bounds:
    """The longest that things go wrong, that cases are played (trouble and all), and that rest is waited for; in seconds.

    ``rest_seconds``: a provider whose webhooks were lost is asked after 20, 40, 80 and 160 s, so that rest may take as long as the last of these;
    a mail is tried again within a minute.
    ``booked_seconds``: reconciliation leaves out what was booked within the last minute, for it may still be on its way. So long it is waited for.
    ``in_play``: how many cases are open at once, few enough that something is being opened, chosen, received and paid whenever a thing goes wrong.
    """

    trouble_seconds: float
    patience_seconds: float
    rest_seconds: float
    booked_seconds: float
    in_play: int

    @classmethod
    def of(cls, cases: int) -> Self:
        """What is enough for so many cases on two cores."""
        trouble = 75.0 + 1.6 * cases
        return cls(trouble, trouble + 240.0, 240.0, 62.0, max(5, cases // 8))
