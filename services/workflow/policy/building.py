"""From what packs say to a policy that can decide: take over what a pack extends, then check everything."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from contracts.case_state import OptionCode
from contracts.decision_result import Clause
from services.workflow.policy.clauses import read_clauses
from services.workflow.policy.consistency import contradictions, not_set, out_of_bounds
from services.workflow.policy.errors import ClauseError, PackError, SettingError, TableError
from services.workflow.policy.markdown_table import RawTable
from services.workflow.policy.pack_files import PackFiles
from services.workflow.policy.policy import Policy
from services.workflow.policy.settings import PolicySettings
from services.workflow.policy.table import Checks, DecisionTable, build_table
from services.workflow.policy.table_checks import check_coverage
from services.workflow.policy.table_shapes import OPTIONS_SHAPE, SCENES, SCENES_SHAPE, Shape, shapes_of
from services.workflow.policy.vocabulary import WARRANTY, WINDOWS, Vocabulary

_IN_WORDS = {
    "missing": "is not set; every setting must have a value here or in the pack it extends",
    "extra_forbidden": "is no setting",
    "dict_type": "is an amount for each currency, in minor units: write { GBP = 200 } for £2.00",
    "int_type": "is a whole number, written without quotes",
    "int_parsing": "is a whole number, written without quotes",
    "tuple_type": 'is a list: write [1, 2] or ["a", "b"]',
    "string_type": "is a text in quotes",
    "time_type": "is a time of day without quotes, such as 16:00:00",
    "time_parsing": "is a time of day without quotes, such as 16:00:00",
}
"""What pydantic says of a wrong value, for people who write packs."""

Placed = dict[str, dict[str, tuple[str, Any]]]


def build_policy(files: PackFiles, known: dict[str, PackFiles]) -> Policy:
    """The policy of one pack version. Raises ``PackError`` or one of its kind with the place of the first thing that is wrong."""
    chain = _chain(files, known)
    settings = _settings(files, chain)
    clauses = _clauses(chain)
    checks = Checks(clause=clauses.__contains__, duration=_exists(settings.duration), amounts=_exists(settings.amounts))
    tables = _tables(files, chain, checks)
    _complete(files, settings, tables["scenes"])
    _limits_have_a_length(tables["limits"])
    return Policy(
        pack=files.meta.pack,
        version=files.meta.version,
        title=files.meta.title,
        effective_from=files.meta.effective_from,
        sandbox=files.meta.sandbox,
        extends=files.meta.extends,
        settings=settings,
        tables=tables,
        clauses=clauses,
    )


def _chain(files: PackFiles, known: dict[str, PackFiles]) -> list[PackFiles]:
    """The pack and what it extends, the farthest ancestor first."""
    chain = [files]
    while (parent := chain[0].meta.extends) is not None:
        if parent not in known:
            raise PackError(f"{chain[0].place}/pack.toml: extends", f"{parent} is not known; there are {', '.join(sorted(known))}")
        if any(each.name == parent for each in chain):
            raise PackError(f"{files.place}/pack.toml: extends", f"leads back to {parent}")
        chain.insert(0, known[parent])
    return chain


def _settings(files: PackFiles, chain: list[PackFiles]) -> PolicySettings:
    merged: Placed = {}
    for each in chain:
        for group, values in each.settings.items():
            merged[group] = merged.get(group, {}) | values
    plain = {group: {key: value for key, (_, value) in values.items()} for group, values in merged.items()}
    try:
        settings = PolicySettings.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        group, key, *rest = [str(part) for part in first["loc"]] + [""]
        problem = _IN_WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise SettingError(_place(files, merged, group, key) + "".join(f".{part}" for part in rest if part), problem) from error
    problems = list(contradictions(settings))
    if not files.meta.sandbox:
        problems += out_of_bounds(settings)
    for group, key, problem in problems:
        place = _place(files, merged, group, key)
        inherited = not place.startswith(f"{files.place}/")
        raise SettingError(place, problem + (f"; {files.place}/settings.toml changes what it is compared with" if inherited else ""))
    return settings


def _complete(files: PackFiles, settings: PolicySettings, scenes: DecisionTable) -> None:
    """Whoever decides scenes that have their own first step needs every setting; the first packs decided none of these."""
    if any(row.says["first step"] for row in scenes.rows):
        for group, key, problem in not_set(settings):
            raise SettingError(f"{files.place}/settings.toml: [{group}] {key}".rstrip(), problem)


def _limits_have_a_length(limits: DecisionTable) -> None:
    for row in limits.rows:
        if not row.says["limit"] and row.word("counted") not in ("working_days", "dispatch"):
            raise TableError(row.source, "column → limit is empty: only working_days and dispatch say themselves how long")


def _place(files: PackFiles, merged: Placed, group: str, key: str) -> str:
    return merged.get(group, {}).get(key, (f"{files.place}/settings.toml: [{group}] {key}".rstrip(), None))[0]


def _clauses(chain: list[PackFiles]) -> dict[str, Clause]:
    clauses: dict[str, Clause] = {}
    for each in chain:
        clauses |= read_clauses(each.clauses, f"{each.place}/clauses.toml")
    if not clauses:
        raise ClauseError(f"{chain[-1].place}/clauses.toml", "has no clause, and the pack extends none that has")
    return clauses


def _tables(files: PackFiles, chain: list[PackFiles], checks: Checks) -> dict[str, DecisionTable]:
    raw: dict[str, RawTable] = {}
    for each in chain:
        raw |= each.tables
    known = {name: _table(files, raw, name, shape, checks) for name, shape in (("scenes", SCENES_SHAPE), ("options", OPTIONS_SHAPE))}
    tables: dict[str, DecisionTable] = {}
    for name, shape in shapes_of(_vocabulary(known, raw)).items():
        if name in known:
            tables[name] = known[name]
        elif name in raw or not shape.optional:
            tables[name] = _table(files, raw, name, shape, checks)
    return tables


def _table(files: PackFiles, raw: dict[str, RawTable], name: str, shape: Shape, checks: Checks) -> DecisionTable:
    if name not in raw:
        raise TableError(f"{files.place}/tables/{name}.md", "is missing, and the pack extends none that has it")
    table = build_table(name, raw[name], shape, checks)
    check_coverage(table, raw[name].place)
    return table


def _vocabulary(known: dict[str, DecisionTable], raw: dict[str, RawTable]) -> Vocabulary:
    """What the pack decides: the scenes and options that its own tables list."""
    scenes = known["scenes"].rows
    listed = {scene for row in scenes for scene in row.accepts["scene"]}
    remedied = {scene for row in scenes if not row.says["first step"] for scene in row.accepts["scene"]}
    options = {option for row in known["options"].rows for option in row.accepts["option"]}
    inside, exchange_only, outside = WINDOWS
    warranty = WARRANTY in raw["windows"].outputs if "windows" in raw else False
    return Vocabulary(
        scenes=tuple(scene for scene in SCENES if scene in listed),
        remedied=tuple(scene for scene in SCENES if scene in remedied),
        options=tuple(option.value for option in OptionCode if option.value in options),
        windows=(inside, exchange_only, WARRANTY, outside) if warranty else WINDOWS,
    )


def _exists(look_up: Callable[[str], object]) -> Callable[[str], bool]:
    def exists(path: str) -> bool:
        try:
            look_up(path)
        except KeyError:
            return False
        return True

    return exists
