"""Facts on top of facts: mappings are merged, everything else is replaced; a dotted path such as ``order.lines.0.quantity`` changes one value inside."""

from dataclasses import replace

from services.workflow.policy.suite.document import Node
from services.workflow.policy.suite.errors import SuiteError


def merged(base: Node, change: Node) -> Node:
    """``change`` on top of ``base``."""
    if not isinstance(base.value, dict) or not isinstance(change.value, dict):
        return change
    whole = dict(base.value)
    for key, value in change.value.items():
        whole[key] = merged(whole[key], value) if key in whole else value
    return Node(whole, change.place)


def on_top(base: Node, facts: Node) -> Node:
    """Facts as a case gives them on top of ``base``: names first, then dotted paths. Raises :class:`SuiteError` where a path leads nowhere."""
    if not isinstance(facts.value, dict):
        raise SuiteError(facts.place, "must be a mapping of facts")
    named = {key: value for key, value in facts.value.items() if "." not in key}
    result = merged(base, Node(named, facts.place))
    for key, value in facts.value.items():
        if "." in key:
            result = _put(result, key.split("."), value, key)
    return result


def _put(node: Node, steps: list[str], value: Node, path: str) -> Node:
    if not steps:
        return merged(node, value)
    step, *rest = steps
    if isinstance(node.value, list):
        return replace(node, value=_put_element(node.value, step, rest, value, path))
    if node.value is None or isinstance(node.value, dict):
        below = node.mapping.get(step, Node(None, value.place))
        return replace(node, value=node.mapping | {step: _put(below, rest, value, path)})
    raise SuiteError(value.place, f"{path} leads into {node.value!r}, which has no parts")


def _put_element(elements: list[Node], step: str, rest: list[str], value: Node, path: str) -> list[Node]:
    if not step.isdigit() or int(step) > len(elements):
        raise SuiteError(
            value.place, f"{path}: the list has {len(elements)} elements, numbered from 0; {step} is none of them, nor the next"
        )
    place = int(step)
    before = elements[place] if place < len(elements) else Node(None, value.place)
    return [*elements[:place], _put(before, rest, value, path), *elements[place + 1 :]]
