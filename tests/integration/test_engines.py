"""The engines keep their promises: ready means ready, and data survives a stop, a kill, and a half-finished first start."""

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus

from contracts.topics import TOPICS, Topic
from deploy.local.engines.base import Engine
from deploy.local.engines.kafka import Kafka
from deploy.local.engines.postgres import Postgres, postgres_answers
from deploy.local.engines.postgres_socket import by_socket, socket_folder
from deploy.local.engines.temporal import NAMESPACE, Temporal
from deploy.local.engines.unprivileged import as_ordinary_user
from deploy.local.provision.kafka import create_topics
from deploy.local.provision.postgres import SERVICES, create_all
from deploy.local.provision.temporal import SEARCH_ATTRIBUTES, prepare_namespace
from tests.support.ports import own_port, own_ports

pytestmark = pytest.mark.engines


async def end(engine: Engine, how: str) -> None:
    if how == "kill":
        engine.kill()
        await engine.wait()
    else:
        await engine.stop()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_postgres_keeps_committed_rows(tmp_path: Path, how: str) -> None:
    postgres = Postgres(tmp_path, own_port(), password="pw")
    try:
        await postgres.start()
        await postgres.wait_ready()
        connection = await asyncpg.connect(postgres.admin_dsn)
        await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
        await connection.close()
        await end(postgres, how)

        await postgres.start()
        await postgres.wait_ready()
        connection = await asyncpg.connect(postgres.admin_dsn)
        assert await connection.fetchval("SELECT n FROM kept") == 42
        await connection.close()
    finally:
        await postgres.stop()


async def test_postgres_starts_after_a_first_start_that_was_killed_half_way(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    postgres = Postgres(tmp_path, own_port(), password="pw")
    try:
        await postgres.start()
        await postgres.wait_ready()
        assert await postgres.is_ready()
    finally:
        await postgres.stop()


async def test_postgres_starts_although_its_old_pid_now_belongs_to_another_program(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path, own_port(), password="pw")
    try:
        await postgres.start()
        await postgres.wait_ready()
        pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
        written = pid_file.read_text().splitlines()
        await end(postgres, "kill")
        pid_file.write_text("\n".join(["1", *written[1:]]) + "\n")
        await postgres.start()
        await postgres.wait_ready()
        assert await postgres.is_ready()
    finally:
        await postgres.stop()


async def test_postgres_lets_nobody_in_without_the_password(postgres_admin_dsn: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_admin_dsn.replace(":only-for-this-run@", ":wrong@"))


async def test_postgres_is_reached_by_its_socket_with_the_password_only(short_home: Path) -> None:
    home = short_home / "of my shop+1"
    postgres = Postgres(home, own_port(), password="pw")
    try:
        await postgres.start()
        await postgres.wait_ready()
        dsn = by_socket(home, postgres.admin_dsn)
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT inet_client_addr() IS NULL")  # PostgreSQL's word for a socket
        await connection.close()
        async with await psycopg.AsyncConnection.connect(dsn) as another:
            assert another.info.host == str(socket_folder(home, postgres.port))
        for wrong in (":wrong@", "@"):
            with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
                await asyncpg.connect(dsn.replace(":pw@", wrong), passfile=str(home / "none"))
        assert (home / "postgres" / "socket").stat().st_mode & 0o077 == 0
    finally:
        await postgres.stop()


async def test_postgres_starts_although_the_pid_of_its_socket_now_belongs_to_another_program(short_home: Path) -> None:
    postgres = Postgres(short_home, own_port(), password="pw")
    other = await asyncio.create_subprocess_exec(*as_ordinary_user(["sleep", "600"]))
    try:
        await postgres.start()
        await postgres.wait_ready()
        await end(postgres, "kill")
        [lock] = (short_home / "postgres" / "socket").glob(".*.lock")
        lock.write_text("\n".join([str(other.pid), *lock.read_text().splitlines()[1:]]) + "\n")
        await postgres.start()
        await postgres.wait_ready()
        assert await postgres_answers(by_socket(short_home, postgres.admin_dsn))
    finally:
        other.kill()
        await other.wait()
        await postgres.stop()


async def test_postgres_serves_by_tcp_alone_where_its_socket_would_have_too_long_a_path(short_home: Path) -> None:
    home = short_home / ("deep" * 25)
    postgres = Postgres(home, own_port(), password="pw")
    try:
        await postgres.start()
        await postgres.wait_ready()
        assert by_socket(home, postgres.admin_dsn) == postgres.admin_dsn
    finally:
        await postgres.stop()


async def test_a_service_role_sees_its_own_schema_only(postgres_admin_dsn: str) -> None:
    dsns = await create_all(postgres_admin_dsn, dict.fromkeys(SERVICES, "pw"), database=f"roles_{uuid4().hex[:8]}")
    intake, workflow = [await asyncpg.connect(dsns[service]) for service in ("intake", "workflow")]
    await intake.execute("CREATE TABLE secret (n int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await workflow.fetch("SELECT * FROM intake.secret")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await workflow.execute("CREATE TABLE public.anything (n int)")
    assert await intake.fetchval("SELECT current_schema()") == "intake"
    await intake.close()
    await workflow.close()


async def test_kafka_keeps_acknowledged_records_over_a_stop_and_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that with an id that looks like an option."""
    monkeypatch.setattr("deploy.local.engines.kafka.new_cluster_id", lambda: "-" + "A" * 20 + "Q")
    kafka = Kafka(tmp_path, *own_ports(2))
    try:
        await kafka.start()
        await kafka.wait_ready()
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 1, 1)])
        await admin.close()
        sent: list[bytes] = []
        # One broker for both: a start takes seconds of computing.
        for how in ("stop", "kill"):
            producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", enable_idempotence=True)
            await producer.start()
            await producer.send_and_wait("kept", how.encode())
            sent.append(how.encode())
            await producer.stop()
            await end(kafka, how)

            await kafka.start()
            await kafka.wait_ready()
            consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
            await consumer.start()
            consumer.assign([TopicPartition("kept", 0)])
            assert [(await consumer.getone()).value for _ in sent] == sent
            await consumer.stop()
    finally:
        await kafka.stop()


async def test_topics_are_created_once_and_contact_is_compacted(kafka_bootstrap: str) -> None:
    # Other tests of the run use the same Kafka: some topics may be there already.
    await create_topics(kafka_bootstrap)
    assert await create_topics(kafka_bootstrap) == []

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    assert set(await admin.list_topics()) >= {spec.topic.value for spec in TOPICS}
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, Topic.CONTACT.value)])
    await admin.close()
    settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert settings["cleanup.policy"] == "compact"


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_temporal_keeps_started_workflows(tmp_path: Path, how: str) -> None:
    temporal = Temporal(tmp_path, *own_ports(2))
    try:
        await temporal.start()
        await temporal.wait_ready()
        client = await Client.connect(temporal.address, namespace=NAMESPACE)
        await client.start_workflow("Anything", id="case/42", task_queue="nobody-listens")
        await end(temporal, how)

        await temporal.start()
        await temporal.wait_ready()
        client = await Client.connect(temporal.address, namespace=NAMESPACE)
        description = await client.get_workflow_handle("case/42").describe()
        assert description.status is WorkflowExecutionStatus.RUNNING
    finally:
        await temporal.stop()


async def test_search_attributes_and_retention_are_set_once_and_again_harmlessly(temporal_address: str, temporal_client: Client) -> None:
    await prepare_namespace(temporal_address, NAMESPACE)
    listed = await temporal_client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=NAMESPACE))
    assert set(SEARCH_ATTRIBUTES) <= set(listed.custom_attributes)
    described = await temporal_client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta().days >= 30


async def test_a_namespace_of_ones_own_is_created(temporal_address: str) -> None:
    await prepare_namespace(temporal_address, "a-shop")
    client = await Client.connect(temporal_address, namespace="a-shop")
    assert client.namespace == "a-shop"
