"""The two shops of the demo, and which of the file's customers buys where: drawn from the seed, about one in twelve at the strict one."""

from collections.abc import Iterable, Sequence
from random import Random

from deploy.local.demo.cases import DemoCase
from deploy.local.demo.orders import DemoOrder

SHOP = "demo-shop"
STRICT = "demo-strict"
MERCHANTS = (SHOP, STRICT)
STRICT_SHARE = 0.08


def split_customers(orders: Iterable[DemoOrder], cases: Sequence[DemoCase], late: Iterable[int], seed: int) -> dict[str, str]:
    """The merchant of every customer. ``late`` are the positions of cases beyond the window.

    The strict shop has a customer with cases where there is more than one, and with a late case (otherwise a small one) where there is one: its
    deadlines are there to lapse, and a late case asks for an approval.
    """
    random = Random(f"{seed}/merchants")  # noqa: S311 - a reproducible draw, nothing secret
    everybody = sorted({order.customer for order in orders if order.customer})
    with_cases = sorted({case.customer for case in cases})
    small = [case.position for case in cases if len(case.parts) == 1]
    preferred = sorted({cases[position].customer for position in list(late) or small})
    strict: set[str] = set()
    if len(with_cases) > 1:
        strict.add(random.choice(preferred or with_cases))
        wanted = max(1, round(STRICT_SHARE * len(with_cases)))
        strict |= set(random.sample([one for one in with_cases if one not in strict], wanted - 1))
    without = [customer for customer in everybody if customer not in set(with_cases)]
    strict |= set(random.sample(without, round(STRICT_SHARE * len(without))))
    return {customer: STRICT if customer in strict else SHOP for customer in everybody}
