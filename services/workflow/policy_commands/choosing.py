"""Which policies a command is about: the built-in packs, a merchant's own folders, or one pack version by name or folder."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from services.workflow.policy.errors import UnknownPackError
from services.workflow.policy.folders import packs_root, policy_at, version_folders
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import BUILT_IN, PolicyRegistry, load_packs

PacksOption = Annotated[str, Parameter(name="--packs", env_var="AFTERSALES_WORKFLOW_POLICY_PACKS_DIRS")]


def open_registry(packs: str = "", *more: Path) -> PolicyRegistry:
    """The built-in packs and those in the folders. Raises ``PackError``."""
    folders = [Path(folder.strip()) for folder in packs.split(",") if folder.strip()]
    roots = dict.fromkeys(folder.resolve() for folder in (*folders, *more))
    roots.pop(BUILT_IN.resolve(), None)
    return load_packs(BUILT_IN, *roots)


def find_policy(name: str, packs: str = "") -> Policy:
    """A pack version as ``pack@version``, the newest of a ``pack``, or the one in a folder. Raises ``PackError``, ``UnknownPackError``."""
    if "/" in name or Path(name).is_dir():
        return policy_at(Path(name))
    registry = open_registry(packs)
    if "@" in name:
        return registry.get(name)
    versions = registry.packs.get(name)
    if not versions:
        raise UnknownPackError(name, list(registry.packs))
    return versions[-1]


def with_folder(path: Path, packs: str = "") -> PolicyRegistry:
    """All policies, with those of the folder of packs in which ``path`` lies. Raises ``PackError``."""
    return open_registry(packs, packs_root(version_folders(path)[0]))
