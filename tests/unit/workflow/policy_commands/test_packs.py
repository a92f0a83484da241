"""`aftersales policy list|show|check|diff`."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from services.workflow.policy.registry import BUILT_IN

Run = Callable[..., Any]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop's own pack in a folder of packs."""
    folder = tmp_path / "packs/my-shop/1"
    folder.mkdir(parents=True)
    (folder / "pack.toml").write_text(
        'pack = "my-shop"\nversion = "1"\ntitle = "Mine"\neffective_from = 2026-01-01T00:00:00Z\nextends = "uk-retail@1.0"\n',
        encoding="utf-8",
    )
    (folder / "settings.toml").write_text('[window]\nno_reason = "P60D"\n', encoding="utf-8")
    return folder


def test_packs_are_listed_with_those_of_own_folders(run: Run, on_terminal: Run, shop: Path) -> None:
    listed = {(each["pack"], each["version"]): each for each in run("list", "--packs", str(shop.parents[1]))}
    assert listed["my-shop", "1"]["extends"] == "uk-retail@1.0"
    assert listed["demo-uk", "1.0"]["sandbox"] is True
    status, out, _ = on_terminal("list")
    assert status == 0
    assert "cn-marketplace" in out
    assert "my-shop" not in out


def test_what_a_pack_says_is_shown_whole_or_in_part(run: Run, on_terminal: Run, shop: Path) -> None:
    whole = run("show", str(shop))
    assert whole["settings"]["window.no_reason"] == "P60D"
    assert {"remedies", "eligibility"} <= whole["tables"].keys()
    assert whole["clauses"]["evidence"]["rule"] == "R-EVD-07"
    assert run("show", "cn-marketplace@1.0", "--setting", "comp.damage_unit")["settings"] == {"comp.damage_unit": "{CNY: 200}"}
    assert set(run("show", "cn-marketplace", "--table", "evidence")["tables"]) == {"evidence"}
    assert "damage" in on_terminal("show", "cn-marketplace")[1]
    assert "photo, video, inspection_report" in on_terminal("show", "cn-marketplace@1.0", "--table", "evidence")[1]
    assert "七天" in on_terminal("show", "cn-marketplace@1.0", "--clauses")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "nobody"), "policy nobody is not known: use one of cn-marketplace"),
        (("show", "nobody"), "in the folders of --packs"),
        (("show", "cn-marketplace@9"), "use one of cn-marketplace@1.0"),
        (("show", "./nowhere"), "is no folder"),
        (("show", "cn-marketplace@1.0", "--setting", "windw"), "there is no setting windw; did you mean window?"),
        (("show", "cn-marketplace@1.0", "--setting", "comp.damge_unit"), "did you mean comp.damage_unit?"),
        (("show", "cn-marketplace@1.0", "--table", "remedy"), "there is no table remedy; did you mean remedies?"),
        (("check", "nowhere"), "is no folder"),
        (("show", str(BUILT_IN)), "holds several pack versions"),
    ],
)
def test_a_wrong_name_is_told_with_what_to_do(on_terminal: Run, words: tuple[str, ...], told: str) -> None:
    status, out, err = on_terminal(*words)
    assert status == 1
    assert told in err
    assert out == ""


@pytest.mark.parametrize("below", ["my-shop/1", "my-shop", "."])
def test_a_sound_pack_is_good_from_wherever_it_is_named(run: Run, shop: Path, below: str) -> None:
    assert run("check", str(shop.parents[1] / below), "--json") == [{"pack": "my-shop/1", "good": True, "problem": None}]


def test_every_pack_of_a_folder_is_checked_and_the_place_of_what_is_wrong_is_told(on_terminal: Run, shop: Path) -> None:
    packs = shop.parents[1]
    copytree(shop, packs / "my-shop/2")
    copytree(shop, packs / "twin/1")
    for folder, name, version in (("my-shop/2", "my-shop", "2"), ("twin/1", "cn-marketplace", "1.0")):
        meta = packs / folder / "pack.toml"
        meta.write_text(meta.read_text(encoding="utf-8").replace('"my-shop"', f'"{name}"').replace('"1"', f'"{version}"'), encoding="utf-8")
    copytree(BUILT_IN / "demo-uk/1.0", packs / "demo-uk/1.0")
    (packs / "late").mkdir()
    copytree(shop, packs / "late/1")
    (packs / "late/1/settings.toml").write_text('[offer]\nvalit = "PT1H"\n', encoding="utf-8")
    meta = packs / "late/1/pack.toml"
    meta.write_text(meta.read_text(encoding="utf-8").replace("my-shop", "late"), encoding="utf-8")
    status, out, err = on_terminal("check", str(packs))
    assert status == 1
    assert out.splitlines() == ["good   my-shop/1"]
    assert "late/1/settings.toml: [offer] valit: is no setting" in err
    assert "my-shop/2/pack.toml: effective_from: is the same as that of version 1" in err
    assert "twin/1/pack.toml: says cn-marketplace 1.0" in err
    assert "demo-uk@1.0 comes with the product" in err


def test_the_packs_that_come_with_the_product_are_sound(run: Run) -> None:
    assert all(each["good"] for each in run("check", str(BUILT_IN), "--json"))


def test_two_policies_are_compared_setting_by_setting_and_row_by_row(run: Run, on_terminal: Run, shop: Path) -> None:
    found = run("diff", "cn-marketplace@1.0", "uk-retail@1.0")
    assert {"what": "window.claim", "before": "P7D", "after": "P30D"} in found["settings"]
    changed = {change["what"]: change for change in found["tables"]["remedies"]}
    row = changed["scene logistics.damage, quality.defect · window inside · usable yes · standard offer open"]
    assert (row["before"], row["after"]) == ("options compensate_keep, return_refund", "options return_refund, exchange, compensate_keep")
    assert any(change["before"] is None for change in found["tables"]["eligibility"])
    assert {change["what"] for change in found["clauses"]} >= {"claim-window", "faulty-usable"}
    _, out, _ = on_terminal("diff", "uk-retail@1.0", str(shop))
    assert out.splitlines()[:2] == ["- uk-retail@1.0", "+ my-shop@1"]
    assert out.split("settings\n")[1].split() == ["window.no_reason", "-", "P14D", "+", "P60D"]
    assert "no difference" in on_terminal("diff", "uk-retail", "uk-retail@1.1")[1]
