"""`explain`: a decision on facts in a file, as tables that say what, by when, how much and why."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from contracts.decision_result import ApprovalNeed, Decision, FreightPayer, Option
from services.workflow.policy.catalogue import title_of
from services.workflow.policy.decide import decide
from services.workflow.policy.showing import duration_text, shown
from services.workflow.policy.suite.facts_file import read_facts
from services.workflow.policy.suite.running import DEFAULT_PACK, policy_for
from services.workflow.policy_commands.choosing import PacksOption, open_registry
from services.workflow.policy_commands.output import JsonOption, fail, print_json, print_table, told, wants_json

FactsArgument = Annotated[str, Parameter(allow_leading_hyphen=True)]


def explain(facts: FactsArgument, *, policy: str = "", packs: PacksOption = "", json: JsonOption = False) -> None:
    """Decide on facts and say why.

    Args:
        facts: a file of facts in JSON or YAML, or - for standard input.
        policy: PACK@VERSION, or PACK for the version that was in force when the order was placed; default the one the facts name, else cn-marketplace.
        packs: folders of packs besides the built-in ones, separated by commas.
        json: print JSON; so it is where the output is piped.
    """
    text, name = _read(facts)
    with told():
        given = read_facts(text, name)
        decision = decide(given, policy_for(open_registry(packs), policy or given.policy_version or DEFAULT_PACK, given))
    if wants_json(json):
        print_json(decision)
        return
    _print(decision, given.order.currency if given.order else "")


def _read(path: str) -> tuple[str, str]:
    if path == "-":
        return sys.stdin.read(), "stdin"
    try:
        return Path(path).read_text(encoding="utf-8"), path
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}; name a file, or - for standard input")
    except UnicodeDecodeError:
        fail(f"{path} is no text in UTF-8: facts are JSON or YAML")


def _print(decision: Decision, currency: str) -> None:
    eligibility = decision.eligibility
    stands = "stands" if eligibility.eligible else "does not stand by itself"
    facts = [
        ("policy", decision.policy_version),
        ("next step", decision.next_step.value),
        ("priority", f"{decision.priority.value} ({decision.problem_type.value} problem, flow {decision.flow})"),
        ("the claim", f"{stands}: {eligibility.reason}"),
        ("window ends", eligibility.window_ends_at.isoformat() if eligibility.window_ends_at else None),
        ("clause", f"{eligibility.clause.clause_id} ({eligibility.clause.rule}): {eligibility.clause.text.get('en', '')}"),
        ("instead", ", ".join(eligibility.alternatives)),
        ("settlement", f"at most {eligibility.settlement_max_minor} {currency}" if eligibility.settlement_max_minor is not None else None),
        ("special approval", _approval(decision.special_approval, currency)),
        ("one option only", decision.only_option_reason),
        *_more(decision),
    ]
    print_table(("", ""), [row for row in facts if row[1]])
    print_table(
        ("evidence", "count", "shows", "rule"),
        [(" or ".join(need.kinds), need.count, need.shows, need.rule) for need in decision.evidence_needed],
        title="Evidence that is missing",
    )
    print_table(
        ("", "option", f"{currency} (minor)", "pays first", "for", "goods", "freight", "approval", "within", "rule", "steps"),
        [_option(place, option, currency) for place, option in enumerate(decision.options, start=1)],
        title="Options",
    )
    print_table(
        ("limit", "about", "due", "time"),
        [(limit.sla, title_of(limit.sla), limit.due_at.isoformat(), duration_text(limit.limit)) for limit in decision.limits],
        title="Limits",
    )
    print_table(
        ("action", "by", "due", f"{currency} (minor)", "rule"),
        [
            (act.code, act.role.value if act.role else "", act.due_at.isoformat() if act.due_at else "", act.amount_minor, act.rule)
            for act in decision.actions
        ],
        title="Actions",
    )
    print_table(
        ("risk", "about", "raised by", "points", "blocked", "may cost"),
        [
            (risk.violation, title_of(risk.violation), risk.raised_by, risk.points, "yes" if risk.blocked else "", risk.exposure_minor)
            for risk in decision.risks
        ],
        title="Compliance risks",
    )
    print_table(
        ("department", "reason"), [(department.role.value, department.reason) for department in decision.departments], title="Departments"
    )
    print_table(
        ("rule", "about", "said", "looked at", "from"),
        [
            (
                entry.rule,
                title_of(entry.rule),
                entry.says,
                ", ".join(f"{name} {shown(value)}" for name, value in entry.values.items()),
                entry.source,
            )
            for entry in decision.trace
        ],
        title="Why",
    )


SHOWN_APART = frozenset(
    {"policy_version", "priority", "next_step", "eligibility", "evidence_needed", "special_approval", "options", "only_option_reason"}
    | {"limits", "departments", "compliance_risks", "risks", "actions", "trace", "flow", "problem_type"}
)


def _more(decision: Decision) -> Iterator[tuple[str, str]]:
    """Whatever else a decision says, as it is."""
    for name, value in decision:
        if name not in SHOWN_APART and value not in (None, (), {}, False, ""):
            yield name.replace("_", " "), shown(value)


def _option(place: int, option: Option, currency: str) -> tuple[object, ...]:
    return (
        place,
        option.code.value,
        option.amount_minor,
        option.collect_minor or "",
        ", ".join(f"{each.quantity} of line {each.line_id}" for each in option.units),
        "are collected" if option.pickup else "come back" if option.goods_come_back else "stay",
        _freight(option),
        _approval(option.approval, currency) or "none",
        duration_text(option.within) if option.within else "",
        option.rule,
        ", ".join(option.steps),
    )


def _freight(option: Option) -> str:
    """Who bears the way back, and the way of new goods."""
    back = option.freight_payer.value + (f" up to {option.freight_cap_minor}" if option.freight_cap_minor is not None else "")
    return back if option.outbound_payer is FreightPayer.NONE else f"{back}; new goods {option.outbound_payer.value}"


def _approval(need: ApprovalNeed | None, currency: str) -> str:
    if need is None:
        return ""
    amount = f", {need.amount_minor} {currency}" if need.amount_minor else ""
    return f"{need.tier.value}: {need.reason} ({need.rule}{amount}{', finance countersigns' if need.countersign else ''})"
