"""Whatever an order is made of, and however it is given back: not a minor unit is lost or gained (R-RFD-03 to R-RFD-07).

``MONEY_EXAMPLES`` is the number of examples of each property, 150 unless given. Many more, and faster: ``python -m tests.unit.workflow.money.many``.
"""

import os
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.quote import PriorRefunds
from services.workflow.money.errors import CapExceededError
from services.workflow.money.prior import after
from services.workflow.money.quote import quote
from tests.unit.workflow.money.choices import Choices, Drawn, Seeded
from tests.unit.workflow.money.orders import an_order_of, refunded_elsewhere
from tests.unit.workflow.money.properties import PROPERTIES
from tests.unit.workflow.money.requests import a_request

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "150"))
SEEDS = range(200)


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda holds: holds.__name__)
def test_by_hypothesis(holds: Callable[[Choices], None]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.data())
    def property_holds(data: st.DataObject) -> None:
        holds(Drawn(data.draw))

    property_holds()


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda holds: holds.__name__)
def test_by_seed(holds: Callable[[Choices], None]) -> None:
    for seed in SEEDS:
        holds(Seeded(seed))


def test_the_examples_reach_every_kind_of_item_line_and_limit() -> None:
    """Otherwise the properties would prove less than they say."""
    kinds: Counter[str] = Counter()
    for seed in SEEDS:
        choose = Seeded(seed)
        order = refunded_elsewhere(choose, an_order_of(choose)) if seed % 2 else an_order_of(choose)
        prior = PriorRefunds()
        while (request := a_request(choose, order, prior)) is not None:
            try:
                quoted = quote(order, request, prior)
            except CapExceededError:
                kinds["refused"] += 1
                break
            prior = after(prior, quoted)
            kinds.update(item.kind for item in request.items)
            kinds.update(line.cause for line in quoted.lines)
            kinds.update("held" for line in quoted.lines if line.discount_held_minor > 0)
            kinds.update("reduced" for cap in quoted.caps if cap.reduced)
            kinds.update("floor" for each in quoted.deductions for step in each.steps if step.amount_minor < 0)
    wanted = {"units", "compensation", "freight", "shipment", "order", "shipment_freight", "price_difference", "discount_moved"}
    wanted |= {"discount_restored", "held", "reduced", "refused", "floor"}
    assert {kind for kind in wanted if kinds[kind] < 5} == set()
