"""Freeze decisions of a released policy version: ``python -m tests.support.record_decisions PACK@VERSION``.

A version that was released decides the same for ever (R-DEC-03, R-POL-02). Each line of the file is the facts and what was decided on them; files are
only ever added.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

from contracts.case_state import OptionCode
from contracts.decision import Attributes, Cause, EvidenceFacts, Facts, SpecialApproval, Verdict
from contracts.order_v1 import FreightCharge
from contracts.scenes import Scene
from services.workflow.policy.decide import decide
from services.workflow.policy.errors import FactsError
from services.workflow.policy.registry import load_packs
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import ACCEPTED, a_claim, local, order

FOLDER = Path(__file__).parents[1] / "unit" / "workflow" / "policy" / "frozen"
COUNT = 36


def some_facts(dice: random.Random, currency: str, scenes: list[str]) -> Facts:
    """Facts of a claim on one line, drawn at random."""
    at = local(11) if dice.random() < 0.6 else local(11 + dice.randint(0, 19), dice.randint(0, 23))
    changes: dict[str, Any] = {
        "reviewed": Attributes(
            usable=dice.choice([True, False, None]),
            affects_secondary_sale=dice.choice([None, None, False, True]),
            cause=dice.choice([None, None, None, *Cause]),
        ),
        "evidence": EvidenceFacts(
            items=dice.choice([(), ACCEPTED.items, ACCEPTED.items]),
            verdict=dice.choice([None, Verdict.ACCEPTED, Verdict.ACCEPTED, *Verdict]),
            insufficient_count=dice.randint(0, 3),
            refused=dice.random() < 0.1,
        ),
        "special_approval": dice.choice([SpecialApproval.NOT_ASKED, *SpecialApproval]),
        "hazard_hints": dice.choice([(), (), ("smoke",)]),
        "wanted_remedy": dice.choice([None, None, OptionCode.EXCHANGE, OptionCode.REFUND_NO_RETURN]),
        "rejected_options": dice.choice([(), (OptionCode.COMPENSATE_KEEP,)]),
        "stock": dice.choice([{}, {"1": 0}]),
        "freight_quote_minor": dice.choice([None, 1300, 1301]),
        "case_money_minor": dice.choice([0, 60_000]),
    }
    line = an_order_line(amount_minor=dice.choice([3150, 3000, 90_001]), tags=dice.choice([(), (), ("glass",), ("customised",)]))
    freight = (FreightCharge(freight_id="f", amount_minor=600),)
    bought = order(currency=currency, lines=(line,), freight=freight)
    return a_claim(Scene(dice.choice(scenes)), at=at, quantity=dice.randint(1, 3), order=bought, **changes)


def main(policy_version: str) -> None:
    """Write the file of a version; refuses to change one that is there."""
    path = FOLDER / f"{policy_version}.jsonl"
    if path.exists():
        raise SystemExit(f"{path.name} is there already: frozen decisions are never written again")
    policy = load_packs().get(policy_version)
    dice = random.Random(policy_version)
    scenes = sorted(scene for row in policy.tables["scenes"].rows for scene in row.accepts["scene"])
    lines: list[str] = []
    while len(lines) < COUNT:
        facts = some_facts(dice, "GBP" if policy_version.startswith("uk") else "CNY", scenes)
        try:
            decision = decide(facts, policy)
        except FactsError:
            continue
        entry = {
            "facts": facts.model_dump(mode="json", exclude_defaults=True),
            "decision": decision.model_dump(mode="json", exclude_defaults=True),
        }
        lines.append(json.dumps(entry, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
