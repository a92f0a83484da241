"""All policies a service knows, and which of them holds for an order."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from services.workflow.policy.building import build_policy
from services.workflow.policy.errors import PackError, UnknownPackError
from services.workflow.policy.pack_files import PackFiles, read_pack
from services.workflow.policy.policy import Policy

BUILT_IN = Path(__file__).parent / "packs"
"""The packs that come with the product."""


class PolicyRegistry:
    """Policies by pack, each with its versions in the order in which they took effect."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._packs: dict[str, list[Policy]] = {}
        for policy in sorted(policies, key=lambda each: each.effective_from):
            self._packs.setdefault(policy.pack, []).append(policy)

    @property
    def packs(self) -> dict[str, tuple[Policy, ...]]:
        """Every pack with its versions, earliest first."""
        return {pack: tuple(versions) for pack, versions in self._packs.items()}

    def in_force(self, pack: str, placed_at: datetime) -> Policy:
        """The version in force when an order was placed (R-POL-02); the earliest, for an order older than all of them.

        Raises ``UnknownPackError``.
        """
        versions = self._packs.get(pack)
        if not versions:
            raise UnknownPackError(pack, list(self._packs))
        return next((each for each in reversed(versions) if each.effective_from <= placed_at), versions[0])

    def get(self, policy_version: str) -> Policy:
        """The policy that a decision names as ``pack@version``. Raises ``UnknownPackError``."""
        everything = {policy.policy_version: policy for versions in self._packs.values() for policy in versions}
        if policy_version not in everything:
            raise UnknownPackError(policy_version, list(everything))
        return everything[policy_version]


def load_packs(path: Path = BUILT_IN, *more: Path) -> PolicyRegistry:
    """Load every ``<pack>/<version>`` under ``path`` (and ``more``, such as a merchant's own folder), which may extend each other.

    Raises ``PackError`` or one of its kind with the place of the first thing that is wrong.
    """
    known: dict[str, PackFiles] = {}
    for root in (path, *more):
        if not root.is_dir():
            raise PackError(str(root), "is no folder of policy packs")
        for folder in sorted(each for pack in sorted(root.iterdir()) if pack.is_dir() for each in pack.iterdir() if each.is_dir()):
            files = read_pack(folder)
            if files.name in known:
                raise PackError(files.place, f"{files.name} is there twice: give the new one another version")
            known[files.name] = files
    if not known:
        raise PackError(str(path), "holds no policy pack")
    policies = [build_policy(files, known) for files in known.values()]
    taken: dict[tuple[str, datetime], str] = {}
    for policy in policies:
        other = taken.setdefault((policy.pack, policy.effective_from), policy.version)
        if other != policy.version:
            raise PackError(f"{policy.pack}/{policy.version}/pack.toml: effective_from", f"is the same as that of version {other}")
    return PolicyRegistry(policies)
