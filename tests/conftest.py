"""Fixtures of all tests live in ``tests/support``; this file only makes them known."""

import pytest

pytest_plugins = ["tests.support.stack"]
pytest.register_assert_rewrite("tests.support")
