"""Whether every name in a file is one that the models know: a misspelt fact would decide something else without a word."""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from services.workflow.policy.suite.document import Node
from services.workflow.policy.suite.errors import SuiteError, suggestion

Shapes: TypeAlias = tuple[Any, ...]
"""The types that a value may have."""


def check_names(node: Node, shape: Any, path: str) -> None:
    """Walk ``node`` along the types of ``shape``. Raises :class:`SuiteError` for the first key or word that they do not know."""
    shapes = tuple(_alternatives(shape))
    if isinstance(node.value, dict):
        _check_mapping(node, shapes, path)
    elif isinstance(node.value, list):
        element = Union[tuple(_elements(shapes))] if any(_elements(shapes)) else Any  # noqa: UP007 - made at run time
        for place, each in enumerate(node.value):
            check_names(each, element, f"{path}.{place}")
    elif isinstance(node.value, str):
        _check_word(node, node.value, shapes, path)


def _check_mapping(node: Node, shapes: Shapes, path: str) -> None:
    values = [get_args(shape)[1] for shape in shapes if _made_of(shape) in (dict, Mapping)]
    models = [shape for shape in shapes if _is_model(shape)]
    if not models and not values:
        return
    fields: dict[str, list[Any]] = {}
    for model in _of_kind(models, node):
        for name, field in model.model_fields.items():
            fields.setdefault(name, []).append(field.annotation)
    for key, each in node.mapping.items():
        known = [*fields.get(key, []), *values]
        if not known:
            raise SuiteError(each.place, f"{path}.{key}: there is no such name; {suggestion(key, fields)}")
        check_names(each, Union[tuple(known)], f"{path}.{key}")  # noqa: UP007 - made at run time


def _check_word(node: Node, word: str, shapes: Shapes, path: str) -> None:
    kinds = [shape for shape in shapes if isinstance(shape, type) and issubclass(shape, Enum)]
    if not kinds or any(shape not in (*kinds, NoneType) for shape in shapes):
        return
    known = [str(member.value) for kind in kinds for member in kind]
    if word not in known:
        raise SuiteError(node.place, f"{path}: there is no {word!r}; {suggestion(word, known)}")


def _alternatives(shape: Any) -> Iterator[Any]:
    origin = get_origin(shape)
    if origin is Annotated:
        yield from _alternatives(get_args(shape)[0])
    elif origin in (Union, UnionType):
        for each in get_args(shape):
            yield from _alternatives(each)
    else:
        yield shape


def _elements(shapes: Shapes) -> list[Any]:
    return [get_args(shape)[0] for shape in shapes if _made_of(shape) in (tuple, list, set, frozenset) and get_args(shape)]


def _made_of(shape: Any) -> Any:
    return get_origin(shape)


def _is_model(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def _of_kind(models: list[type[BaseModel]], node: Node) -> list[type[BaseModel]]:
    """Of models that are told apart by ``kind``, those of the kind that is named."""
    kind = node.mapping.get("kind")
    if kind is None or len(models) == 1:
        return models
    fitting = [model for model in models if (field := model.model_fields.get("kind")) and kind.value in _literals(field.annotation)]
    return fitting or models


def _literals(shape: Any) -> tuple[Any, ...]:
    return get_args(shape) if get_origin(shape) is Literal else ()
