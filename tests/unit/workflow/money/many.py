"""Many random examples of each property of money: ``python -m tests.unit.workflow.money.many [COUNT [FIRST_SEED]]``; 10000 from seed 0 unless given.

Ends with status 1 at the first example that fails, and names its seed; the same seed always makes the same example.
"""

import sys
import time
import traceback

from tests.unit.workflow.money.choices import Seeded
from tests.unit.workflow.money.properties import PROPERTIES


def main(count: int = 10_000, first: int = 0) -> int:
    for holds in PROPERTIES:
        started = time.monotonic()
        for seed in range(first, first + count):
            try:
                holds(Seeded(seed))
            except Exception:  # noqa: BLE001 - whatever it is, it is a counterexample
                traceback.print_exc()
                sys.stdout.write(f"{holds.__name__} does not hold for seed {seed}\n")
                return 1
        sys.stdout.write(f"{count} examples, {time.monotonic() - started:.0f} s: {holds.__name__.replace('_', ' ')}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
