"""The published clauses a decision refers to, in the languages customers read (R-ELIG-10, R-POL-01)."""

import re
from typing import Any

from contracts.decision_result import Clause
from services.workflow.policy.errors import ClauseError

LANGUAGES = ("zh-CN", "en")
_RULE = re.compile(r"R-[A-Z]+-\d\d")


def read_clauses(raw: dict[str, Any], place: str) -> dict[str, Clause]:
    """Clauses by id from ``[id]`` tables with ``rule`` and one text for each language. Raises ``ClauseError`` with the place."""
    clauses = {}
    for clause_id, entry in raw.items():
        where = f"{place}: [{clause_id}]"
        if not isinstance(entry, dict) or not _RULE.fullmatch(str(entry.get("rule", ""))):
            raise ClauseError(where, "needs the rule it rests on, such as R-ELIG-01")
        texts = {key: value for key, value in entry.items() if key != "rule"}
        for language in LANGUAGES:
            if not isinstance(texts.get(language), str) or not texts[language].strip():
                raise ClauseError(where, f"has no text in {language}")
        clauses[clause_id] = Clause(clause_id=clause_id, rule=entry["rule"], text=texts)
    return clauses
