"""Fixtures of all tests live in ``tests/support``; this file makes them known, and says which tests share a process when several run at once.

End-to-end tests share one stack, integration tests one set of engines: each of the two groups stays in one worker, so that nothing is started twice.
"""

from pathlib import Path

import pytest

pytest_plugins = ["tests.support.stack"]
pytest.register_assert_rewrite("tests.support")

TESTS = Path(__file__).parent
SHARED = {"e2e": "stack", "integration": "engines", "workflows": "engines", "replay": "engines"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share something expensive together (``pytest -n 2 --dist loadgroup``)."""
    for item in items:
        group = SHARED.get(item.path.relative_to(TESTS).parts[0])
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))
