"""Temporal's time-skipping test server: a wait of weeks takes milliseconds.

Each test has a server of its own: an unfinished process of one test would hold the clock of the next.
"""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.support.skipped_time import skipped_time


@pytest.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    async with skipped_time() as environment:
        yield environment
