"""Apache Kafka in KRaft mode: one node, broker and controller in one process."""

import asyncio
import base64
import signal
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.engines.base import Engine
from deploy.local.engines.java import find_java
from deploy.local.engines.kafka_files import kafka_jars
from deploy.local.errors import StartFailed
from deploy.local.process import ProcessSpec
from deploy.local.server import accepts_connections

HOST = "127.0.0.1"


class Kafka(Engine):
    """A single broker on ``port``, its controller on ``controller_port``; both listen on the loopback address only.

    ``detours`` are further ports to listen on, each with the port that clients who came there are told to use: a broker names its own address to
    them, so whoever wants to stand between must be named instead.
    """

    engine = "kafka"
    # A single broker has nobody to replicate to; the internal topics must not wait for one.
    _SETTINGS: ClassVar[dict[str, str]] = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        "log.cleaner.dedupe.buffer.size": "8388608",
        "num.partitions": "6",
        # A killed broker is let in again only when its old session has ended: 3 s instead of 9.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # Eight consumer groups of several processes each: a rebalance after a kill should take seconds, not most of a minute.
        "group.min.session.timeout.ms": "3000",
    }

    def __init__(self, home: Path, port: int, controller_port: int, *, detours: Mapping[int, int] | None = None) -> None:
        super().__init__(home)
        self._detours = dict(detours or {})
        self.port = port
        self.controller_port = controller_port
        self._java = Path()
        self._classpath = ""

    @property
    def bootstrap_servers(self) -> str:
        """Address for clients."""
        return f"{HOST}:{self.port}"

    @property
    def _properties(self) -> Path:
        return self.data / "server.properties"

    async def prepare(self) -> None:
        """Fetch the jars if needed, write the configuration, format the log directory on the first start."""
        self._java = find_java()
        self._classpath = f"{await asyncio.to_thread(kafka_jars)}/*"
        self.data.mkdir(parents=True, exist_ok=True)
        plain = "".join(f",DETOUR{port}:PLAINTEXT" for port in self._detours)
        listening = "".join(f",DETOUR{port}://{HOST}:{port}" for port in self._detours)
        told = "".join(f",DETOUR{port}://{HOST}:{told}" for port, told in self._detours.items())
        settings = self._SETTINGS | {
            "listener.security.protocol.map": self._SETTINGS["listener.security.protocol.map"] + plain,
            "listeners": f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller_port}{listening}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.port}{told}",
            "controller.quorum.voters": f"1@{HOST}:{self.controller_port}",
            "log.dirs": str(self.data / "log"),
        }
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")
        if not (self.data / "log" / "meta.properties").exists():
            await self._format()

    async def _format(self) -> None:
        cluster_id = new_cluster_id()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # A kill in the middle of formatting leaves a directory without meta.properties; formatting it again is harmless.
        # The id goes with its option as one word: one in 64 begins with a dash, which alone would be taken for an option.
        command = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "-c", str(self._properties), "--ignore-formatted"]
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self._java_command("64m"), *command, stdout=log, stderr=asyncio.subprocess.STDOUT
            )
            if await process.wait() != 0:
                raise StartFailed(self.name, "could not format its log directory", self.log)

    def _java_command(self, heap: str) -> list[str]:
        return [
            str(self._java),
            f"-Xmx{heap}",
            "-XX:+UseSerialGC",  # measured on two cores: the smallest footprint, and pauses of a small heap do not matter
            "-XX:TieredStopAtLevel=1",  # measured: a start computes 4 s instead of 7; a broker of one machine never gets hot enough to earn the rest
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
            "-Djava.awt.headless=true",
            "-cp",
            self._classpath,
        ]

    def spec(self) -> ProcessSpec:
        """The broker process; it flushes and closes its logs on SIGTERM."""
        return ProcessSpec(
            name=self.name,
            argv=[*self._java_command("512m"), "kafka.Kafka", str(self._properties)],
            log=self.log,
            stop_signal=signal.SIGTERM,
            stop_seconds=30,
        )

    async def is_ready(self) -> bool:
        """Whether the broker answers a metadata request."""
        return await accepts_connections(HOST, self.port) and await kafka_answers(self.bootstrap_servers)


async def kafka_answers(bootstrap_servers: str) -> bool:
    """Whether a Kafka cluster answers a metadata request at this address."""
    try:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5_000)
        try:
            await admin.start()
            await admin.list_topics()
        finally:
            await admin.close()
    except (KafkaError, OSError):
        return False
    return True


def new_cluster_id() -> str:
    """A random id as Kafka wants it: a UUID in the base64 of URLs, 22 characters."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
