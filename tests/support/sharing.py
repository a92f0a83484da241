"""How the workers of a run (``pytest -n 2``) share the tests: what shares something expensive stays together, the longest begins first.

All end-to-end tests share one stack, so one worker runs them; of the integration tests a file is the unit, because databases and services are made per
file, and of the chaos runs, because each file plays one; everything else goes test by test to who is free. Each worker starts the engines it needs
itself, on ports of its own: see `tests.support.ports`.

The groups of pytest-xdist (``--dist loadgroup``) would say the same, but pytest 9 does not let it add them to a test's name, and it then shares test by
test without a word.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TESTS = "tests"
LONGEST_FIRST = ("e2e", "chaos", "integration", "workflows", "replay")
"""Folders in the order of running. Small tests come last: they fill what time is left, so that the workers end together."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist tells no types
    """Gives one worker all tests that share something."""

    def _split_scope(self, nodeid: str) -> str:
        """What the test shares: the same word for tests that stay together."""
        file = nodeid.partition("::")[0]
        return {"e2e": "stack", "chaos": file, "integration": file}.get(folder_of(nodeid), nodeid)


def folder_of(nodeid: str) -> str:
    """The folder of a test below ``tests``; empty for one outside."""
    root, _, rest = nodeid.partition("/")
    return rest.partition("/")[0] if root == TESTS else ""


def place(nodeid: str) -> int:
    """When it is a test's turn."""
    folder = folder_of(nodeid)
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    """Share the tests in our way, in the order of collection."""
    config.option.loadscopereorder = False
    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; each file stays whole."""
    items.sort(key=lambda item: place(item.nodeid))
