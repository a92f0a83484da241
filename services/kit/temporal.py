"""Temporal: the client every process uses, the search attributes, and a worker as a part of a process."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from services.kit.data_converter import DATA_CONVERTER
from services.kit.logging import get_logger
from services.kit.redaction import describe_error
from services.kit.settings import KitSettings

log = get_logger(__name__)

WAIT_SECONDS: Final = 60.0

SEARCH_ATTRIBUTE_TYPES: Final[Mapping[str, "IndexedValueType.ValueType"]] = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


async def connect_temporal(settings: KitSettings, *, identity: str, wait_seconds: float = WAIT_SECONDS) -> Client:
    """A client that speaks pydantic models; waits until the server answers, at most ``wait_seconds``, then raises what it last met."""
    deadline = asyncio.get_running_loop().time() + wait_seconds
    delay = 0.1
    while True:
        try:
            return await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                data_converter=DATA_CONVERTER,
                identity=f"aftersales-{identity}",
                tls=settings.temporal_tls,
            )
        except (RuntimeError, RPCError) as error:  # the SDK's core reports a refused connection as RuntimeError
            if asyncio.get_running_loop().time() + delay > deadline:
                raise
            log.warning("temporal.waiting", address=settings.temporal_address, error=describe_error(error))
        await asyncio.sleep(delay)
        delay = min(delay * 2, 2)


async def ensure_search_attributes(client: Client, attributes: Mapping[str, str]) -> list[str]:
    """Add the search attributes that are missing (name to type, such as ``Keyword``). Returns their names.

    Raises ``ValueError`` where one exists with another type: that needs an operator.
    """
    wanted = {name: SEARCH_ATTRIBUTE_TYPES[kind] for name, kind in attributes.items()}
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    for name, kind in wanted.items():
        if listed.custom_attributes.get(name, kind) != kind:
            raise ValueError(f"search attribute {name} exists in namespace {client.namespace} with another type than {attributes[name]}")
    missing = {name: kind for name, kind in wanted.items() if name not in listed.custom_attributes}
    if missing:
        try:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.ALREADY_EXISTS:
                raise
    return sorted(missing)


async def temporal_check(client: Client) -> None:
    """A readiness check: the server serves. Raises where it does not."""
    if not await client.service_client.check_health():
        raise ConnectionError("Temporal is not serving")


class WorkerPart:
    """Runs a Temporal worker. A part named ``worker``; give the worker a ``graceful_shutdown_timeout``, its default is none."""

    name = "worker"

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``, then let activities finish. Raises what ended the worker otherwise."""
        working = asyncio.create_task(self._worker.run(), name="temporal worker")
        stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                await self._worker.shutdown()
            await working
        finally:
            stopping.cancel()
