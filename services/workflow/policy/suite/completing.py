"""What facts need and no decision depends on: ids, references and hashes that a writer of tests would only make up.

Filled in where missing, never replaced: ``requested_at`` is ``moment``; an order gets ids, number, version, ``status: delivered``; lines, payments,
freight and evidence are numbered from 1; a payment was captured, and a shipment left with every line, when the order was placed; evidence came with the
application.
"""

from collections.abc import Callable
from typing import Any

from contracts.identifiers import MerchantId, customer_ref_for, order_id_for
from services.workflow.policy.suite.document import Node, located

NO_HASH = "0" * 64


def completed(facts: Node) -> Node:
    """The facts with what was left out."""
    whole = _filled(facts, {"requested_at": facts.mapping.get("moment")})
    if "order" in whole.mapping:
        whole = _replaced(whole, "order", _order(whole.mapping["order"]))
    if "items" in whole.mapping.get("evidence", whole).mapping:
        evidence = whole.mapping["evidence"]
        received_at = whole.mapping.get("requested_at")
        whole = _replaced(whole, "evidence", _each(evidence, "items", lambda number: _evidence(number, received_at)))
    return whole


def _order(order: Node) -> Node:
    if not isinstance(order.value, dict):
        return order
    order = _filled(order, {"merchant_id": "a-shop", "number": "1", "order_version": 1, "status": "delivered"})
    merchant_id, number = MerchantId(str(order.mapping["merchant_id"].value)), str(order.mapping["number"].value)
    order = _filled(
        order, {"order_id": str(order_id_for(merchant_id, number)), "customer_ref": str(customer_ref_for(merchant_id, "customer"))}
    )
    placed_at = order.mapping.get("placed_at")
    order = _each(order, "lines", lambda number: {"line_id": str(number), "sku": f"SKU-{number}"})
    shipped = [
        {"line_id": line.mapping["line_id"].value, "quantity": line.mapping["quantity"].value}
        for line in order.mapping.get("lines", order).items
        if {"line_id", "quantity"} <= line.mapping.keys()
    ]
    order = _each(order, "shipments", lambda number: {"shipment_id": f"s{number}", "shipped_at": placed_at, "lines": shipped})
    order = _each(order, "freight", lambda number: {"freight_id": f"f{number}"})
    return _each(order, "payments", lambda number: _payment(number, placed_at))


def _payment(number: int, placed_at: Node | None) -> dict[str, Any]:
    return {
        "payment_id": f"p{number}",
        "provider": "provider",
        "provider_reference": f"payment-{number}",
        "method": "card",
        "captured_at": placed_at,
    }


def _evidence(number: int, received_at: Node | None) -> dict[str, Any]:
    return {
        "evidence_id": f"e{number}",
        "sha256": NO_HASH,
        "size_bytes": 1,
        "media_type": "application/octet-stream",
        "received_at": received_at,
    }


def _each(parent: Node, name: str, defaults: Callable[[int], dict[str, Any]]) -> Node:
    if name not in parent.mapping:
        return parent
    elements = [_filled(each, defaults(number)) for number, each in enumerate(parent.mapping[name].items, start=1)]
    return _replaced(parent, name, Node(elements, parent.mapping[name].place)) if elements else parent


def _filled(node: Node, defaults: dict[str, Any]) -> Node:
    if not isinstance(node.value, dict):
        return node
    more = {
        name: value if isinstance(value, Node) else located(value, node.place)
        for name, value in defaults.items()
        if value is not None and name not in node.value
    }
    return Node(more | node.value, node.place)


def _replaced(node: Node, name: str, value: Node) -> Node:
    return Node(node.mapping | {name: value}, node.place)
