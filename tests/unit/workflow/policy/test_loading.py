"""Packs: what extends what, which version holds, and what is refused with its place (R-POL-01, R-POL-02)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from services.workflow.policy.errors import (
    ClauseError,
    GapError,
    OverlapError,
    PackError,
    SettingError,
    TableError,
    UnknownPackError,
)
from services.workflow.policy.registry import BUILT_IN, load_packs
from services.workflow.policy.timers import Timers, dispatch_due
from tests.unit.workflow.policy.claims import CN, REGISTRY, local


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """The Chinese pack, and a shop that extends it."""
    copytree(BUILT_IN / "cn-marketplace", tmp_path / "cn-marketplace")
    write(tmp_path, "shop/2", 'extends = "cn-marketplace@1.0"\neffective_from = 2026-01-01T00:00:00Z')
    return tmp_path


def write(root: Path, name: str, meta: str, settings: str = "") -> Path:
    pack, version = name.split("/")
    folder = root / name
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "pack.toml").write_text(f'pack = "{pack}"\nversion = "{version}"\ntitle = "A shop"\n{meta}\n', encoding="utf-8")
    (folder / "settings.toml").write_text(settings, encoding="utf-8")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def drop_column(path: Path, place: int) -> None:
    lines = [line.split("|") for line in path.read_text(encoding="utf-8").splitlines()]
    for cells in lines:
        if len(cells) > 1:
            del cells[place]
    path.write_text("\n".join("|".join(cells) for cells in lines), encoding="utf-8")


def test_the_built_in_packs_load_and_inherit() -> None:
    assert set(REGISTRY.packs) == {"cn-marketplace", "uk-retail", "demo-uk", "demo-strict", "demo-members"}
    strict = REGISTRY.get("demo-strict@1.0")
    assert strict.timers.approval_supervisor == timedelta(seconds=3)
    assert strict.settings.auth.system_refund == {"GBP": 6000}
    assert strict.settings.window.claim == timedelta(days=30)
    assert strict.settings.evidence.max_rerequests == CN.settings.evidence.max_rerequests


def test_timers_travel_as_json() -> None:
    timers = CN.timers
    assert timers.offer_valid == timedelta(hours=48)
    assert timers.return_transit_max == timedelta(hours=120)
    assert timers.refund_retry_count == 3
    assert Timers.model_validate_json(timers.model_dump_json()) == timers


@pytest.mark.parametrize(("accepted", "due"), [(local(11, 15, 59, 59), local(11, 17, 59, 59)), (local(11, 16), local(12, 11))])
def test_new_goods_leave_before_the_cutoff_within_two_hours(accepted: datetime, due: datetime) -> None:
    """R-RSH-05, R-SLA-10, R-SLA-11."""
    assert dispatch_due(CN.settings.ship, "Asia/Shanghai", accepted.astimezone(UTC)) == due


def test_the_version_in_force_when_the_order_was_bought_decides(packs: Path) -> None:
    """R-POL-02: to the second; an order older than the first version gets the first."""
    write(packs, "shop/3", 'extends = "shop@2"\neffective_from = 2026-06-01T00:00:00+08:00', '[window]\nno_reason = "P9D"')
    registry = load_packs(packs)
    change = datetime(2026, 5, 31, 16, tzinfo=UTC)
    assert registry.in_force("shop", change).version == "3"
    assert registry.in_force("shop", change - timedelta(seconds=1)).version == "2"
    assert registry.in_force("shop", change - timedelta(days=900)).version == "2"
    assert registry.get("shop@3").settings.window.no_reason == timedelta(days=9)
    assert registry.get("shop@3").settings.window.claim == timedelta(days=7)


def test_an_unknown_pack_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownPackError, match="cn-marketplace"):
        REGISTRY.in_force("nobody", datetime.now(UTC))
    with pytest.raises(UnknownPackError, match=r"demo-uk@1\.0"):
        REGISTRY.get("demo-uk@9")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('[offer]\nvalit = "PT1H"', r"shop/2/settings.toml: \[offer\] valit: is no setting"),
        ('[ofer]\nvalid = "PT1H"', r"\[ofer\]: is no setting"),
        ('[offer]\nvalid = "PT59M"\nremind = "PT30M"', r"\[offer\] valid: must be from PT1H to P30D"),
        ('[offer]\nvalid = "two days"', "write a duration as in ISO 8601"),
        ("[offer]\nvalid = 48", "write a duration as in ISO 8601"),
        ('[offer]\nvalid = "PT24H"', r"cn-marketplace/1.0/settings.toml: \[offer\] remind: a reminder must come before offer.valid"),
        ('[window]\nno_reason = "PT36H"', "whole calendar days"),
        ('[window]\nclaim = "P16D"', "defect_exchange: must not be shorter"),
        ('[window]\nclaim = "P16D"', "shop/2/settings.toml changes what it is compared with"),
        ("[auth]\nsystem_refund = { CNY = 50001 }", "system_refund: CNY must not be above"),
        ("[auth]\nsystem_refund = { CNY = -1 }", r"\[auth\] system_refund.CNY"),
        ("[auth]\nsystem_refund = { CNX = 1 }", "CNX is no currency"),
        ("[evidence]\nmax_rerequests = 9", "must be from 0 to 5"),
        ("offer = 3", "is no group"),
        ("[comp]\ndamage_unit = 200", r"\[comp\] damage_unit: is an amount for each currency, in minor units: write { GBP = 200 }"),
        ('[evidence]\nmax_rerequests = "two"', "max_rerequests: is a whole number"),
        ('[ship]\ncutoff_local = "tea"', "cutoff_local: is a time of day"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(packs: Path, settings: str, message: str) -> None:
    (packs / "shop/2/settings.toml").write_text(settings, encoding="utf-8")
    with pytest.raises(PackError, match=message):
        load_packs(packs)


def test_sandbox_packs_may_leave_the_bounds_but_not_contradict_themselves(packs: Path) -> None:
    meta = 'extends = "cn-marketplace@1.0"\neffective_from = 2026-01-01T00:00:00Z\nsandbox = true'
    write(packs, "shop/2", meta, '[offer]\nvalid = "PT10S"\nremind = "PT5S"')
    assert load_packs(packs).get("shop@2").timers.offer_valid == timedelta(seconds=10)
    write(packs, "shop/2", meta, '[offer]\nvalid = "PT5S"\nremind = "PT5S"')
    with pytest.raises(SettingError, match="a reminder must come before"):
        load_packs(packs)


CN_TABLES = "cn-marketplace/1.0/tables"
BREAKAGES: list[tuple[type[PackError], str, Callable[[Path], None]]] = [
    (
        GapError,
        r"priority.md: no row for",
        lambda root: edit(root / CN_TABLES / "priority.md", "| - | no | no |", "| quality.* | no | no |"),
    ),
    (
        OverlapError,
        r"priority.md:9: says something else than",
        lambda root: edit(root / CN_TABLES / "priority.md", "| - | no | yes |", "| - | - | yes |"),
    ),
    (
        OverlapError,
        r"windows.md",
        lambda root: edit(root / CN_TABLES / "windows.md", "| quality.defect |", "| quality.defect, logistics.damage |"),
    ),
    (TableError, "'maybe' is none of yes, no", lambda root: edit(root / CN_TABLES / "priority.md", "| - | yes | - |", "| - | maybe | - |")),
    (TableError, "'quality.rust' is none of", lambda root: edit(root / CN_TABLES / "windows.md", "quality.defect", "quality.rust")),
    (TableError, "no duration 'window.soon'", lambda root: edit(root / CN_TABLES / "windows.md", "window.no_reason", "window.soon")),
    (TableError, "no amounts 'comp.gift'", lambda root: edit(root / CN_TABLES / "compensation.md", "comp.defect_unit", "comp.gift")),
    (TableError, "no rules 'because'", lambda root: edit(root / CN_TABLES / "windows.md", "R-ELIG-01", "because")),
    (TableError, "no clause 'gone'", lambda root: edit(root / CN_TABLES / "remedies.md", "missing-units", "gone")),
    (TableError, "column → limit is empty", lambda root: edit(root / CN_TABLES / "limits.md", "sla.plan_urgent", "-")),
    (TableError, "column → sort is not known", lambda root: edit(root / CN_TABLES / "priority.md", "→ rule", "→ sort")),
    (TableError, "column → rule is missing", lambda root: drop_column(root / CN_TABLES / "priority.md", -2)),
    (TableError, "asks for nothing", lambda root: drop_column(root / CN_TABLES / "windows.md", 1)),
    (
        TableError,
        "has 5 cells, but the table has 6",
        lambda root: edit(root / CN_TABLES / "priority.md", "| - | yes | - | urgent", "| - | yes | urgent"),
    ),
    (TableError, "is no table of a policy", lambda root: (root / CN_TABLES / "luck.md").touch()),
    (TableError, "options.md: is missing", lambda root: (root / CN_TABLES / "options.md").unlink()),
    (ClauseError, "has no text in en", lambda root: edit(root / "cn-marketplace/1.0/clauses.toml", "\nen = ", "\nfr = ")),
    (PackError, "is not known; there are", lambda root: edit(root / "shop/2/pack.toml", "cn-marketplace@1.0", "cn-marketplace@7")),
    (PackError, "leads back to shop@2", lambda root: edit(root / "shop/2/pack.toml", "cn-marketplace@1.0", "shop@2")),
    (
        PackError,
        "pack and version are the names of the folders",
        lambda root: edit(root / "shop/2/pack.toml", 'version = "2"', 'version = "3"'),
    ),
    (PackError, "effective_from", lambda root: edit(root / "shop/2/pack.toml", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00")),
    (PackError, "is no TOML", lambda root: edit(root / "shop/2/pack.toml", "=", "")),
    (PackError, "is missing", lambda root: (root / "shop/2/pack.toml").unlink()),
]


@pytest.mark.parametrize(("kind", "message", "break_it"), BREAKAGES, ids=[message for _, message, _ in BREAKAGES])
def test_a_broken_pack_is_refused_with_its_place(
    packs: Path, kind: type[PackError], message: str, break_it: Callable[[Path], None]
) -> None:
    break_it(packs)
    with pytest.raises(kind, match=message):
        load_packs(packs)


def test_two_versions_from_the_same_moment_are_refused(packs: Path) -> None:
    write(packs, "shop/3", 'extends = "shop@2"\neffective_from = 2026-01-01T00:00:00Z')
    with pytest.raises(PackError, match="is the same as that of version"):
        load_packs(packs)


def test_a_merchants_own_folder_extends_the_built_in_packs(tmp_path: Path) -> None:
    write(tmp_path, "mine/1", 'extends = "uk-retail@1.0"\neffective_from = 2026-01-01T00:00:00Z', '[window]\nno_reason = "P60D"')
    assert load_packs(BUILT_IN, tmp_path).get("mine@1").settings.window.no_reason == timedelta(days=60)
    with pytest.raises(PackError, match="is no folder"):
        load_packs(tmp_path / "nowhere")
