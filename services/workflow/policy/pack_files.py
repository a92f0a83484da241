"""Reading a pack version as written: ``pack.toml``, ``settings.toml``, ``clauses.toml`` and the tables. Nothing is taken over from elsewhere yet."""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.workflow.policy.errors import PackError, TableError
from services.workflow.policy.markdown_table import RawTable, read_table
from services.workflow.policy.table_shapes import TABLES


class PackMeta(BaseModel):
    """``pack.toml``: which pack and version this is, from when it holds, and ``pack@version`` of the one it extends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pack: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]*$")
    title: str
    effective_from: AwareDatetime
    extends: str | None = Field(None, pattern=r"^[^@]+@[^@]+$")
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class PackFiles:
    """What one pack version says itself. ``settings`` has a place and a value for each group and key."""

    meta: PackMeta
    place: str
    settings: dict[str, dict[str, tuple[str, Any]]] = field(default_factory=dict)
    clauses: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, RawTable] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``pack@version``."""
        return f"{self.meta.pack}@{self.meta.version}"


def read_pack(folder: Path) -> PackFiles:
    """Read ``<pack>/<version>``. Raises ``PackError`` with the place where a file is missing, malformed, or not one of a pack."""
    place = f"{folder.parent.name}/{folder.name}"
    meta = _meta(folder, place)
    if (meta.pack, meta.version) != (folder.parent.name, folder.name):
        raise PackError(f"{place}/pack.toml", f"says {meta.pack} {meta.version}: pack and version are the names of the folders")
    settings: dict[str, dict[str, tuple[str, Any]]] = {}
    for group, values in _toml(folder / "settings.toml", place).items():
        where = f"{place}/settings.toml: [{group}]"
        if not isinstance(values, dict):
            raise PackError(where, "is no group: write settings as [group] and key = value")
        settings[group] = {key: (f"{where} {key}", value) for key, value in values.items()}
    return PackFiles(
        meta=meta, place=place, settings=settings, clauses=_toml(folder / "clauses.toml", place), tables=_tables(folder, place)
    )


def _meta(folder: Path, place: str) -> PackMeta:
    where = f"{place}/pack.toml"
    if not (folder / "pack.toml").is_file():
        raise PackError(where, "is missing")
    try:
        meta = PackMeta.model_validate(_toml(folder / "pack.toml", place))
    except ValidationError as error:
        first = error.errors()[0]
        raise PackError(f"{where}: {'.'.join(str(part) for part in first['loc'])}", first["msg"]) from error
    return meta.model_copy(update={"effective_from": _utc(meta.effective_from)})


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _toml(path: Path, place: str) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{place}/{path.name}", f"is no TOML: {error}") from error


def _tables(folder: Path, place: str) -> dict[str, RawTable]:
    tables = {}
    for path in sorted((folder / "tables").glob("*")):
        where = f"{place}/tables/{path.name}"
        if path.suffix != ".md" or path.stem not in TABLES:
            raise TableError(where, f"is no table of a policy; those are {', '.join(sorted(TABLES))}, each in a .md file")
        tables[path.stem] = read_table(path.read_text(encoding="utf-8"), where)
    return tables
