"""The namespace's retention and the search attributes by which people find a case."""

import asyncio
import time
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest, ListSearchAttributesResponse
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest, UpdateNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, RPCStatusCode, ServiceClient

from deploy.local.errors import LocalError

KEYWORDS = (
    "CaseNumber",
    "CaseType",
    "CaseStatus",
    "MerchantId",
    "OrderNumber",
    "Scene",
    "Priority",
    "WaitingFor",
    "PolicyVersion",
    "CurrencyCode",
)
SEARCH_ATTRIBUTES = {
    **dict.fromkeys(KEYWORDS, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
    "AmountMinor": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "DueAt": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "SlaBreached": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}
"""All ten keywords that SQL visibility has, and three more. Values are plain text for whoever reaches Temporal: no personal data."""

NEW_NAMESPACE_SECONDS = 30.0
RETENTION = timedelta(days=30)
"""How long closed cases stay visible; PostgreSQL, not Temporal, knows for good which cases and refunds exist."""


async def prepare_namespace(address: str, namespace: str) -> None:
    """Create the namespace if needed, keep closed workflows at least :data:`RETENTION`, add the search attributes that are missing.

    Raises:
        LocalError: the server forbids it; says what has to be done there.
    """
    service = await ServiceClient.connect(ConnectConfig(target_host=address))
    try:
        await _keep_long_enough(service, namespace)
        await _add_search_attributes(service, namespace)
    except RPCError as problem:
        wanted = " ".join(
            f"--name {name} --type {IndexedValueType.Name(kind).rpartition('_')[2].capitalize()}"
            for name, kind in SEARCH_ATTRIBUTES.items()
        )
        raise LocalError(
            f"Temporal at {address} refuses to prepare the namespace {namespace!r}: {problem.message}. Ask its administrator for a retention of "
            f"{RETENTION.days} days and for: temporal operator search-attribute create --namespace {namespace} {wanted}"
        ) from problem


async def _keep_long_enough(service: ServiceClient, namespace: str) -> None:
    kept = Duration()
    kept.FromTimedelta(RETENTION)
    try:
        found = await service.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except RPCError as problem:
        if problem.status is not RPCStatusCode.NOT_FOUND:
            raise
        await service.workflow_service.register_namespace(
            RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=kept)
        )
        return
    if found.config.workflow_execution_retention_ttl.ToTimedelta() < RETENTION:
        await service.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=namespace, config=NamespaceConfig(workflow_execution_retention_ttl=kept))
        )


async def _add_search_attributes(service: ServiceClient, namespace: str) -> None:
    existing = await _search_attributes(service, namespace)
    missing = {name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in existing.custom_attributes}
    if missing:
        await service.operator_service.add_search_attributes(AddSearchAttributesRequest(namespace=namespace, search_attributes=missing))


async def _search_attributes(service: ServiceClient, namespace: str) -> ListSearchAttributesResponse:
    """List them, waiting for a namespace just created: the server's own view of its namespaces is some seconds old."""
    deadline = time.monotonic() + NEW_NAMESPACE_SECONDS
    while True:
        try:
            return await service.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
        except RPCError as problem:
            if problem.status is not RPCStatusCode.NOT_FOUND or time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)
