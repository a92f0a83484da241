"""How a stack is doing, asked from outside: each service's ``/readyz``, each process's phase."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from deploy.local.server import accepts_connections

QUESTION_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a server can do its work, and if not, which of its checks say why."""

    ready: bool
    words: str


async def ask_health(url: str, path: str = "/readyz") -> Health:
    """Ask one server."""
    address = httpx2.URL(url)
    if address.port is not None and not await accepts_connections(address.host, address.port):
        return Health(ready=False, words="does not answer")
    try:
        # No TLS and no proxy on our own machine; loading certificates would cost more than the question.
        async with httpx2.AsyncClient(timeout=QUESTION_SECONDS, trust_env=False, verify=False) as client:
            answer = await client.get(f"{url}{path}")
    except httpx2.HTTPError as problem:
        return Health(ready=False, words=f"does not answer ({type(problem).__name__})")
    if answer.status_code == httpx2.codes.OK:
        return Health(ready=True, words="ready")
    return Health(ready=False, words=_why(answer))


def _why(answer: httpx2.Response) -> str:
    """Name the checks that fail; the whole answer may be long."""
    try:
        checks: Mapping[str, Any] = answer.json().get("checks", {})
    except (ValueError, AttributeError):
        return f"answers {answer.status_code}"
    failing = [f"{name}: {result}" for name, result in checks.items() if result != "ok"]
    return "; ".join(failing) or f"answers {answer.status_code}"


async def ask_all(processes: Iterable[Mapping[str, Any]], urls: Mapping[str, str]) -> dict[str, Health]:
    """Return the health of each process of a stack's state: services say it themselves, of the others their phase must do."""
    records = list(processes)
    answers = await asyncio.gather(*(_ask(record, urls) for record in records))
    return {record["name"]: answer for record, answer in zip(records, answers, strict=True)}


async def _ask(record: Mapping[str, Any], urls: Mapping[str, str]) -> Health:
    running = record["phase"] == "running"
    if running and record["kind"] == "service":
        return await ask_health(urls[record["name"]])
    return Health(ready=running, words="ready" if running else record["phase"])
