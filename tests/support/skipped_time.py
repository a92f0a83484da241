"""Temporal's time-skipping test server with our search attributes."""

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from services.kit.data_converter import DATA_CONVERTER
from services.kit.temporal import SEARCH_ATTRIBUTE_TYPES
from services.workflow.workflows.ui import SEARCH_ATTRIBUTES


@asynccontextmanager
async def skipped_time() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping server of its own, with our search attributes."""
    server = shutil.which("temporal-test-server", path=Path(sys.executable).parent)
    assert server, "temporal-test-server is not installed: run make setup"
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server, data_converter=DATA_CONVERTER, identity="recorder"
    ) as environment:
        wanted = {name: SEARCH_ATTRIBUTE_TYPES[kind] for name, kind in SEARCH_ATTRIBUTES.items()}
        request = AddSearchAttributesRequest(namespace=environment.client.namespace, search_attributes=wanted)
        await environment.client.operator_service.add_search_attributes(request)  # this server cannot list them
        yield environment
