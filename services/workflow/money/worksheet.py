"""A request being worked through: every line and charge of the order, and the quoted lines so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.order_v1 import Order
from contracts.quote import (
    CompensateOrder,
    CompensateShipment,
    CompensateUnits,
    PriorRefunds,
    RefundEverything,
    RefundFreight,
    RefundItem,
    RefundShipmentFreight,
    RefundUnits,
)
from services.workflow.money.draft import Draft
from services.workflow.money.errors import NothingLeftError, UnknownItemError
from services.workflow.money.freight import FreightState, freight_states, refund_freight
from services.workflow.money.line_state import LineState, line_states
from services.workflow.money.runs import within
from services.workflow.money.shipments import Windows, charges_of, shipment_of, units_in
from services.workflow.money.spread import Reason, spread
from services.workflow.money.units import compensate_units, refund_units


@dataclass(slots=True)
class Worksheet:
    """What is left of an order while the items of a request take from it, one after the other."""

    order: Order
    lines: dict[str, LineState]
    freight: dict[str, FreightState]
    drafts: list[Draft] = field(default_factory=list)

    @property
    def gross_minor(self) -> int:
        """The sum of the lines, before anything is held back."""
        return sum(draft.amount_minor for draft in self.drafts)

    def take(self, item: RefundItem) -> None:
        """Work one item out. Raises the errors of :mod:`services.workflow.money.errors`."""
        match item:
            case RefundUnits():
                state, windows = self._line(item)
                self.drafts.append(refund_units(state, item, windows))
            case CompensateUnits():
                state, windows = self._line(item)
                self.drafts.append(compensate_units(state, item, windows))
            case RefundFreight():
                self.drafts.append(refund_freight(self.freight, item))
            case RefundShipmentFreight():
                self._take_all(_freight_of(self.order, item.shipment_id))
            case CompensateShipment():
                self._compensate_shipment(item)
            case CompensateOrder():
                self._compensate_order(item)
            case RefundEverything():
                self._take_all(everything(self))

    def _take_all(self, items: Sequence[RefundItem]) -> None:
        if not items:
            raise NothingLeftError(self.order.number)
        for item in items:
            self.take(item)

    def _line(self, item: RefundUnits | CompensateUnits) -> tuple[LineState, Windows | None]:
        if item.line_id not in self.lines:
            raise UnknownItemError("line", item.line_id)
        windows = None if item.shipment_id is None else units_in(self.order, item.shipment_id).get(item.line_id, [])
        return self.lines[item.line_id], windows

    def _compensate_shipment(self, item: CompensateShipment) -> None:
        name = f"shipment {item.shipment_id}"
        parts = [(self.lines[line_id], windows) for line_id, windows in units_in(self.order, item.shipment_id).items()]
        lines = [(state, within(state.runs, windows)) for state, windows in parts]
        charges = [self.freight[charge.freight_id] for charge in charges_of(self.order, item.shipment_id)] if item.with_freight else []
        self.drafts.extend(spread(item.amount_minor, lines, charges, name, Reason(f"share of the amount for {name}", "R-COMP-07")))

    def _compensate_order(self, item: CompensateOrder) -> None:
        lines = [(state, state.runs) for state in self.lines.values()]
        charges = list(self.freight.values()) if item.with_freight else []
        reason = Reason("share of the goodwill on the order", "R-COMP-07")
        self.drafts.extend(spread(item.amount_minor, lines, charges, "what is kept of the order", reason))


def worksheet(order: Order, prior: PriorRefunds) -> Worksheet:
    """An order before a request. Raises ``UnknownItemError``, ``PriorMoneyError``, ``OrderMoneyError``."""
    return Worksheet(order, line_states(order, prior), freight_states(order, prior))


def everything(sheet: Worksheet) -> list[RefundItem]:
    """Every kept unit, and every charge that something is left of."""
    items: list[RefundItem] = [
        RefundUnits(line_id=line_id, quantity=state.units_left) for line_id, state in sheet.lines.items() if state.units_left
    ]
    items.extend(RefundFreight(freight_id=freight_id) for freight_id, state in sheet.freight.items() if state.left_minor)
    return items


def _freight_of(order: Order, shipment_id: str) -> list[RefundItem]:
    shipment_of(order, shipment_id)
    charges = charges_of(order, shipment_id)
    if not charges:
        raise UnknownItemError("freight of shipment", shipment_id)
    return [RefundFreight(freight_id=charge.freight_id) for charge in charges]
