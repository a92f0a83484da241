"""`dry-run`: past cases decided again under another policy, and what that would have cost."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.workflow.asking import NotAnsweredError, TokenOption, UrlOption, ask_service
from services.workflow.policy.policy import Policy
from services.workflow.policy.what_if import NotDecided, PastCase, WouldGet, decide_again, first_offers, sums
from services.workflow.policy_commands.choosing import PacksOption, find_policy
from services.workflow.policy_commands.output import JsonOption, errors, fail, print_json, print_table, say, told, wants_json

PAGE_SIZE = 100


def dry_run(
    *,
    pack: str,
    url: UrlOption = "",
    token: TokenOption = "",
    since: datetime | None = None,
    merchant: str | None = None,
    packs: PacksOption = "",
    json: JsonOption = False,
) -> None:
    """Decide past cases again under another policy: who would have got what, and what that comes to. Nothing is changed.

    Of each case the first decision that led to an offer counts, with the facts as they were. Cases on which the policy cannot decide are listed.

    Args:
        pack: PACK@VERSION, PACK for its newest version, or the folder of a pack version.
        url: where the workflow service's API is; default the running stack of this home.
        token: a staff token; the cases of its merchants are looked at.
        since: only decisions taken since then (UTC unless it says otherwise).
        merchant: only cases of this merchant.
        packs: folders of packs besides the built-in ones, separated by commas.
        json: print JSON; so it is where the output is piped.
    """
    with told():
        policy = find_policy(pack, packs)
    start = None if since is None else since if since.tzinfo else since.replace(tzinfo=UTC)
    past = _past_cases(url, token, start, merchant)
    results = _decided_again(past, policy)
    decided = [each for each in results if isinstance(each, WouldGet)]
    undecided = [each for each in results if isinstance(each, NotDecided)]
    if wants_json(json):
        print_json(_as_json(policy, decided, undecided))
    else:
        _print(policy, decided, undecided)


def _past_cases(url: str, token: str, since: datetime | None, merchant: str | None) -> list[PastCase]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}"))
    past: list[PastCase] = []
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("reading decisions", total=None)
        for page in _pages(url, token, {"since": since.isoformat() if since else None, "merchant_id": merchant, "next_step": "offer"}):
            past.extend(
                PastCase(each["case_number"], each["merchant_id"], each["policy_version"], each["facts"], each["decision"]) for each in page
            )
            progress.advance(task, len(page))
    return first_offers(past)


def _decided_again(past: list[PastCase], policy: Policy) -> list[WouldGet | NotDecided]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        return [decide_again(each, policy) for each in progress.track(past, description="deciding again")]


def _pages(url: str, token: str, query: dict[str, str | None]) -> Iterator[list[dict[str, Any]]]:
    cursor: str | None = None
    while True:
        try:
            page = ask_service(url, token, "GET", "/v1/decisions", query=query | {"limit": str(PAGE_SIZE), "cursor": cursor})
        except NotAnsweredError as error:
            fail(str(error))
        yield page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _as_json(policy: Policy, decided: list[WouldGet], undecided: list[NotDecided]) -> dict[str, Any]:
    return {
        "policy_version": policy.policy_version,
        "cases": len(decided) + len(undecided),
        "changed": sum(each.changed for each in decided),
        "difference_minor": sums(decided),
        "decided": [
            {
                "case_number": each.case_number,
                "merchant_id": each.merchant_id,
                "scene": each.scene,
                "currency": each.currency,
                "before": each.before,
                "after": each.after,
                "difference_minor": each.difference_minor,
            }
            for each in decided
        ],
        "not_decided": undecided,
    }


def _print(policy: Policy, decided: list[WouldGet], undecided: list[NotDecided]) -> None:
    changed = [each for each in decided if each.changed]
    print_table(
        ("case", "merchant", "scene", "got", "amount", "would get", "amount", "difference", "currency"),
        [
            (
                each.case_number,
                each.merchant_id,
                each.scene,
                each.before.what,
                each.before.amount_minor,
                each.after.what,
                each.after.amount_minor,
                f"{each.difference_minor:+d}" if each.difference_minor else "0",
                each.currency,
            )
            for each in changed
        ],
        title=f"Cases that {policy.policy_version} would decide otherwise",
    )
    print_table(
        ("case", "merchant", "scene", "why"),
        [(each.case_number, each.merchant_id, each.scene, each.why) for each in undecided],
        title="Cases on which it cannot decide",
    )
    total = ", ".join(f"{amount:+d} {currency} (minor units)" for currency, amount in sums(decided).items()) or "0"
    say(
        f"\n{len(decided) + len(undecided)} cases with an offer, {len(changed)} would be otherwise, {len(undecided)} not decided; "
        f"customers together: {total}"
    )
