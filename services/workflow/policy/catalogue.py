"""The rule catalogue: what each rule id is about, and whether a decision can show it (``rules/*.toml``)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.workflow.policy.errors import PolicyError

CATALOGUE = Path(__file__).parent / "rules"
MOST_CHARACTERS = 100


class UnknownRuleError(PolicyError):
    """No rule of that id is in the catalogue."""


class CatalogueError(PolicyError):
    """The catalogue cannot be used; the message names the file and the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its id. ``why`` is empty for a rule that a decision can show; otherwise it says why none can, and who keeps it."""

    rule_id: str
    title: str
    why: str = ""

    @property
    def decided(self) -> bool:
        """Whether some decision can show the rule, so that a policy test must."""
        return not self.why

    @property
    def group(self) -> str:
        """``DEC`` of ``R-DEC-10``."""
        return self.rule_id.split("-")[1]


@cache
def load_catalogue(folder: Path = CATALOGUE) -> dict[str, Rule]:
    """Every rule by id, in the order of the files. Raises :class:`CatalogueError` with file and rule."""
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.toml")):
        for rule_id, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if rule_id in rules:
                raise CatalogueError(f"{path.name}: {rule_id} is there twice")
            rules[rule_id] = _rule(f"{path.name}: {rule_id}", rule_id, entry)
    return rules


def title_of(rule_id: str) -> str:
    """What a rule is about, empty where the catalogue does not have it."""
    rule = load_catalogue().get(rule_id)
    return rule.title if rule else ""


def _rule(place: str, rule_id: str, entry: dict[str, object]) -> Rule:
    title, decided, why = entry.get("title"), entry.get("decided", True), entry.get("why", "")
    if not isinstance(title, str) or not 0 < len(title) <= MOST_CHARACTERS:
        raise CatalogueError(f"{place}: title must be text of at most {MOST_CHARACTERS} characters")
    if not isinstance(why, str) or decided == bool(why):
        raise CatalogueError(f"{place}: decided = false and why belong together")
    return Rule(rule_id, title, why)
