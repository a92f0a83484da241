"""Packs in a folder of their own, one by one: what ``load_packs`` refuses as a whole is told here for each pack version."""

from dataclasses import dataclass
from pathlib import Path

from services.workflow.policy.building import build_policy
from services.workflow.policy.errors import PackError
from services.workflow.policy.pack_files import PackFiles, read_pack
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import BUILT_IN


@dataclass(frozen=True, slots=True)
class PackCheck:
    """A pack version as ``pack/version``, with what it decides by or what is wrong with it first."""

    name: str
    policy: Policy | None
    error: PackError | None


def version_folders(path: Path) -> list[Path]:
    """The folders of pack versions at a path: itself, those of one pack, or those of all packs in it. Raises ``PackError`` where there are none."""
    path = path.resolve()
    if not path.is_dir():
        raise PackError(str(path), "is no folder")
    if (path / "pack.toml").is_file():
        return [path]
    found = sorted(each.parent for pattern in ("*/pack.toml", "*/*/pack.toml") for each in path.glob(pattern))
    if not found:
        raise PackError(str(path), "holds no policy pack: a pack version is a folder <pack>/<version> with a pack.toml")
    return found


def check_packs(path: Path) -> list[PackCheck]:
    """Every pack version at a path, which may extend each other, their neighbours and the built-in packs. Raises ``PackError`` where there is none."""
    folders = version_folders(path)
    checks = [_check(folder) for folder in folders]
    good: dict[tuple[str, object], str] = {}
    return [_unlike(check, good) for check in checks]


def policy_at(folder: Path) -> Policy:
    """The policy of the one pack version in a folder. Raises ``PackError`` with the place of what is wrong with it."""
    folders = version_folders(folder)
    if len(folders) != 1:
        raise PackError(str(folder), f"holds several pack versions: name one of {', '.join(str(each) for each in folders)}")
    check = _check(folders[0])
    if check.policy is None:
        raise check.error or PackError(check.name, "cannot be used")
    return check.policy


def packs_root(folder: Path) -> Path:
    """The folder of packs in which a version's folder lies."""
    return folder.resolve().parents[1]


def _check(folder: Path) -> PackCheck:
    name = f"{folder.parent.name}/{folder.name}"
    try:
        files = read_pack(folder)
        known = _known(packs_root(folder), but=folder)
        if files.name in known:
            raise PackError(files.place, f"{files.name} comes with the product: give yours another name or version")  # noqa: TRY301 - told like the rest
        return PackCheck(name, build_policy(files, known | {files.name: files}), None)
    except PackError as error:
        return PackCheck(name, None, error)


def _unlike(check: PackCheck, taken: dict[tuple[str, object], str]) -> PackCheck:
    """Two versions of a pack cannot take effect at the same moment."""
    if check.policy is None:
        return check
    other = taken.setdefault((check.policy.pack, check.policy.effective_from), check.policy.version)
    if other == check.policy.version:
        return check
    return PackCheck(check.name, None, PackError(f"{check.name}/pack.toml: effective_from", f"is the same as that of version {other}"))


def _known(root: Path, but: Path) -> dict[str, PackFiles]:
    """What a pack may extend: its neighbours as far as they can be read, and the built-in packs."""
    known: dict[str, PackFiles] = {}
    for place in dict.fromkeys((BUILT_IN.resolve(), root)):
        for folder in version_folders(place):
            if folder != but:
                try:
                    files = read_pack(folder)
                except PackError:
                    continue
                known.setdefault(files.name, files)
    return known
