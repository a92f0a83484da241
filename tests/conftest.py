"""Fixtures and the sharing of all tests live in ``tests/support``; this file only makes them known."""

import pytest

pytest_plugins = ["tests.support.stack", "tests.support.sharing"]
pytest.register_assert_rewrite("tests.support")
