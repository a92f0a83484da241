"""YAML and JSON as people write them, every value with the line it stands on.

Of YAML only what needs no second thought: ``true``, ``false``, ``null`` and numbers are what they look like, everything else is text. So ``no`` is a word,
``16:00`` is not a number, and dates stay as they were written. Keys are text.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Union

import yaml

from services.workflow.policy.suite.errors import SuiteError

Scalar = str | int | float | bool | None
Value = Union[Scalar, dict[str, "Node"], list["Node"]]  # noqa: UP007 - names that come later cannot be joined with |

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands (``file:line``)."""

    value: Value
    place: str

    @property
    def mapping(self) -> dict[str, "Node"]:
        """The entries, none where this is no mapping."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list["Node"]:
        """The elements, none where this is no list."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def nearest(self, path: Iterable[str | int]) -> "Node":
        """The value at ``path``, or the last one on the way to it."""
        node = self
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                node = node.value[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
        return node


def read_document(text: str, name: str) -> Node:
    """The one document of a text that is YAML or JSON. Raises :class:`SuiteError` with file and line."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        try:  # JSON that is indented with tabs is no YAML
            return located(json.loads(text), name)
        except ValueError:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise SuiteError(f"{name}:{line}", f"is no YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise SuiteError(name, f"is no YAML: {error}") from None
    if root is None:
        raise SuiteError(f"{name}:1", "is empty")
    return _node(root, name, ())


def located(value: Any, place: str) -> Node:
    """Plain data as nodes that all stand at one place."""
    if isinstance(value, dict):
        return Node({str(key): located(each, place) for key, each in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node([located(each, place) for each in value], place)
    return Node(value, place)


def _node(node: yaml.Node, name: str, inside: tuple[int, ...]) -> Node:
    place = f"{name}:{node.start_mark.line + 1}"
    if id(node) in inside:
        raise SuiteError(place, "contains itself")
    inside = (*inside, id(node))
    if isinstance(node, yaml.MappingNode):
        return Node(dict(_entries(node, name, inside)), place)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(each, name, inside) for each in node.value], place)
    plain = isinstance(node, yaml.ScalarNode) and not node.style
    return Node(_scalar(str(node.value)) if plain else str(node.value), place)


def _entries(node: yaml.MappingNode, name: str, inside: tuple[int, ...]) -> Iterator[tuple[str, Node]]:
    seen: set[str] = set()
    for key, value in node.value:
        place = f"{name}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise SuiteError(place, "a key must be a word")
        if key.value in seen:
            raise SuiteError(place, f"{key.value} is there twice")
        seen.add(key.value)
        yield str(key.value), Node(_node(value, name, inside).value, place)


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
