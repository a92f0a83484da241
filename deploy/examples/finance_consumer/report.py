"""What the books say: balances, and whatever is wrong with what was read."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from deploy.examples.finance_consumer.names import name_of
from deploy.examples.finance_consumer.state import State


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of one account: debit positive, credit negative, minor units of ``currency``."""

    merchant_id: str
    currency: str
    account: str
    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Aside:
    """A record that could not be taken: where it is (``topic/partition/offset``), and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Events of a key that never came: those numbered ``first`` to ``last``."""

    key: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Clash:
    """A number of a key that several events claim."""

    key: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. ``balances`` are by merchant, currency and account; those of a merchant and currency sum to zero."""

    entries: int
    balances: tuple[Balance, ...]
    set_aside: tuple[Aside, ...]
    gaps: tuple[Gap, ...]
    clashes: tuple[Clash, ...]

    @property
    def is_sound(self) -> bool:
        """Whether all that was sent is in the books, as far as anybody can see from here."""
        return not (self.set_aside or self.gaps or self.clashes)

    def as_json(self) -> str:
        """For programs."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    def as_text(self, *, balances: bool) -> str:
        """For people; the balances only if asked for."""
        lines = [f"{self.entries} entries"]
        lines += [f"set aside: {each.place}: {each.reason}" for each in self.set_aside]
        lines += [f"missing: order {each.key}, events {each.first} to {each.last}" for each in self.gaps]
        lines += [f"twice: order {each.key}, event {each.sequence}" for each in self.clashes]
        if balances:
            lines += ["", f"{'merchant':<20} {'currency':<8} {'account':<28} {'name':<36} {'minor units':>16}"]
            lines += [f"{b.merchant_id:<20} {b.currency:<8} {b.account:<28} {b.name:<36} {b.amount_minor:>16,}" for b in self.balances]
        return "\n".join(lines)


def report_of(state: State) -> Report:
    """Read the books."""
    ((entries,),) = state.rows("SELECT count(*) FROM entries")
    return Report(
        entries=entries,
        balances=tuple(
            Balance(merchant, currency, account, name_of(account), amount) for merchant, currency, account, amount in state.rows(_BALANCES)
        ),
        set_aside=tuple(Aside(*row) for row in state.rows("SELECT place, reason FROM aside ORDER BY place")),
        gaps=tuple(Gap(*row) for row in state.rows(_GAPS)),
        clashes=tuple(Clash(*row) for row in state.rows(_CLASHES)),
    )


_BALANCES: Final = """
SELECT merchant_id, currency, account, sum(amount_minor) FROM entries JOIN lines USING (entry_id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

# Read off all that ever came, not off the order of arrival: so a replay raises no alarm, and what comes late closes its gap.
_GAPS: Final = """
SELECT key, before + 1, sequence - 1
FROM (SELECT key, sequence, lag(sequence, 1, 0) OVER (PARTITION BY key ORDER BY sequence) AS before FROM inbox)
WHERE sequence > before + 1 ORDER BY 1, 2
"""

_CLASHES: Final = "SELECT key, sequence FROM inbox GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2"
