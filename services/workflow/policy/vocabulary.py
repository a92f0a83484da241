"""The words of a policy: what a pack decides at all, and the fixed words that its tables may ask for."""

from dataclasses import dataclass

YES_NO = ("yes", "no")

WINDOWS = ("inside", "exchange_only", "outside")
"""Where an application lies; a pack whose table ``windows`` knows warranties has :data:`WARRANTY` between the last two (R-ELIG-07)."""

WARRANTY = "warranty"

FINDINGS = (
    "open",
    "confirmed",
    "not_confirmed",
    "solved",
    "merchant_fault",
    "customer_fault",
    "proven",
    "unproven",
    "merchant_caused",
    "customer_caused",
    "charge_only",
    "possible_undelivered",
    "possible_delivered",
    "impossible",
    "before_shipping",
    "shipped",
    "delivered",
    "free",
    "quoted",
    "overdue",
)
"""What was found out about a claim beyond its goods; see :mod:`services.workflow.policy.findings` for who says which."""

STARTS = (
    "recorded",
    "urgent",
    "now",
    "requested",
    "paid",
    "received",
    "accepted",
    "decided",
    "transferred",
    "attributed",
    "rated",
    "completed",
    "return_approved",
    "disputed",
    "repair_began",
    "reservation_failed",
    "intercept_requested",
    "reship_accepted",
)
"""The moments that a time limit can run from."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a pack decides: its scenes, those of them that end in an offer, its options, and the states that a window can have."""

    scenes: tuple[str, ...]
    remedied: tuple[str, ...]
    options: tuple[str, ...]
    windows: tuple[str, ...]
