"""Fixtures of all tests live in ``tests/support``; this file makes them known, and says how the workers of a run (``pytest -n 2``) share the tests.

All end-to-end tests share one stack, so one worker runs them. Of the integration tests a file is the unit, because databases and services are made per
file. Everything else goes test by test to who is free. Each worker starts the engines it needs itself, on ports of its own: see `tests.support.ports`.
"""

from pathlib import Path

import pytest

pytest_plugins = ["tests.support.stack"]
pytest.register_assert_rewrite("tests.support")

TESTS = Path(__file__).parent
LONGEST_FIRST = ("e2e", "integration", "workflows", "replay")
"""Folders in the order of running. Small tests come last: they fill what time is left, so that the workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, and keep together what shares something expensive."""
    items.sort(key=lambda item: _place(item.path))
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder == "e2e":
            item.add_marker(pytest.mark.xdist_group("stack"))
        elif folder == "integration":
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(TESTS / folder).with_suffix(""))))


def _place(path: Path) -> int:
    folder = path.relative_to(TESTS).parts[0]
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)
