"""`list`, `show`, `check` and `diff`: what packs there are, what they say, what is wrong with them, and in what they differ."""

import sys
from pathlib import Path

from services.workflow.policy.describing import Change, changes, settings_in_words, table_in_words
from services.workflow.policy.folders import check_packs
from services.workflow.policy.policy import Policy
from services.workflow.policy.suite.errors import suggestion
from services.workflow.policy_commands.choosing import PacksOption, find_policy, open_registry
from services.workflow.policy_commands.output import JsonOption, complain, fail, print_json, print_table, say, told, wants_json


def list_packs(*, packs: PacksOption = "", json: JsonOption = False) -> None:
    """List the packs with their versions, and from when each holds.

    Args:
        packs: folders of packs besides the built-in ones, separated by commas.
        json: print JSON; so it is where the output is piped.
    """
    with told():
        registry = open_registry(packs)
    policies = [policy for versions in registry.packs.values() for policy in versions]
    if wants_json(json):
        print_json([_head(policy) for policy in policies])
        return
    rows = [
        (
            policy.pack,
            policy.version,
            f"{policy.effective_from:%Y-%m-%d %H:%M}Z",
            policy.extends or "-",
            "sandbox" if policy.sandbox else "",
            policy.title,
        )
        for policy in policies
    ]
    print_table(("pack", "version", "in force from", "extends", "", "title"), rows)


def show(
    policy: str,
    *,
    setting: str | None = None,
    table: str | None = None,
    clauses: bool = False,
    packs: PacksOption = "",
    json: JsonOption = False,
) -> None:
    """Show what a pack version says, with all that it takes over from the pack it extends.

    Args:
        policy: PACK@VERSION, PACK for its newest version, or the folder of a pack version.
        setting: only this setting or group of settings, such as comp or comp.damage_unit.
        table: only this decision table, such as remedies.
        clauses: only the published clauses.
        packs: folders of packs besides the built-in ones, separated by commas.
        json: print JSON; so it is where the output is piped.
    """
    with told():
        found = find_policy(policy, packs)
    whole = setting is None and table is None and not clauses
    settings = _settings(found, setting) if setting is not None or whole else {}
    rows = _rows(found, table) if table is not None else []
    if wants_json(json):
        print_json(_shown(found, settings, {table: rows} if table else None, whole=whole, clauses=clauses or whole))
        return
    say(f"{found.policy_version}  {found.title}", style="bold")
    print_table(("setting", "value"), list(settings.items()))
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    if clauses:
        print_table(
            ("clause", "rule", "language", "text"),
            [
                (name if not place else "", clause.rule if not place else "", language, text)
                for name, clause in found.clauses.items()
                for place, (language, text) in enumerate(clause.text.items())
            ],
        )
    if whole:
        say(f"tables: {', '.join(found.tables)}  (--table NAME)")
        say(f"clauses: {', '.join(found.clauses)}  (--clauses)")


def check(path: Path, *, json: JsonOption = False) -> None:
    """Check the packs in a folder: a pack version, a pack, or a folder of packs. They may extend each other and the built-in packs.

    Exit status 1 where one cannot be used; the first thing wrong with each is named with its file and line or key.

    Args:
        path: the folder.
        json: print JSON.
    """
    with told():
        checks = check_packs(path)
    if json:
        print_json([{"pack": each.name, "good": each.error is None, "problem": str(each.error) if each.error else None} for each in checks])
    else:
        for each in checks:
            if each.error is None:
                say(f"good   {each.name}")
            else:
                complain(f"wrong  {each.name}\n       {each.error}")
    if any(each.error for each in checks):
        sys.exit(1)


def diff(before: str, after: str, *, packs: PacksOption = "", json: JsonOption = False) -> None:
    """Show in what two policies differ: settings, rows of tables, clauses. Lines with - are of the first, with + of the second.

    Args:
        before: PACK@VERSION, PACK for its newest version, or the folder of a pack version.
        after: the same for the other one.
        packs: folders of packs besides the built-in ones, separated by commas.
        json: print JSON; so it is where the output is piped.
    """
    with told():
        old, new = find_policy(before, packs), find_policy(after, packs)
    found = changes(old, new)
    if wants_json(json):
        print_json(
            {
                "before": old.policy_version,
                "after": new.policy_version,
                "settings": found.settings,
                "tables": found.tables,
                "clauses": found.clauses,
            }
        )
        return
    say(f"- {old.policy_version}\n+ {new.policy_version}", style="bold")
    if found.none:
        say("no difference")
    _print_changes("settings", found.settings)
    for name, rows in found.tables.items():
        _print_changes(f"table {name}", rows)
    _print_changes("clauses", found.clauses)


def _print_changes(title: str, found: tuple[Change, ...]) -> None:
    if not found:
        return
    say(f"\n{title}", style="bold")
    for change in found:
        say(f"  {change.what}")
        if change.before is not None:
            say(f"    - {change.before}", style="red")
        if change.after is not None:
            say(f"    + {change.after}", style="green")


def _settings(policy: Policy, wanted: str | None) -> dict[str, str]:
    words = settings_in_words(policy.settings)
    if wanted is None:
        return words
    chosen = {name: value for name, value in words.items() if name == wanted or name.startswith(f"{wanted}.")}
    if not chosen:
        groups = {name.partition(".")[0] for name in words}
        fail(f"there is no setting {wanted}; {suggestion(wanted, words if '.' in wanted else groups)}")
    return chosen


def _rows(policy: Policy, wanted: str) -> list[dict[str, str]]:
    if wanted not in policy.tables:
        fail(f"there is no table {wanted}; {suggestion(wanted, policy.tables)}")
    return table_in_words(policy.tables[wanted])


def _shown(
    policy: Policy, settings: dict[str, str], tables: dict[str, list[dict[str, str]]] | None, *, whole: bool, clauses: bool
) -> dict[str, object]:
    told_of: dict[str, object] = dict(_head(policy))
    if settings:
        told_of["settings"] = settings
    if whole:
        tables = {name: table_in_words(table) for name, table in policy.tables.items()}
    if tables is not None:
        told_of["tables"] = tables
    if clauses:
        told_of["clauses"] = policy.clauses
    return told_of


def _head(policy: Policy) -> dict[str, object]:
    return {
        "pack": policy.pack,
        "version": policy.version,
        "title": policy.title,
        "effective_from": policy.effective_from,
        "extends": policy.extends,
        "sandbox": policy.sandbox,
    }
