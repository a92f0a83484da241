"""The door between the people and the platform: answers get lost on their way out, and what was answered with 201 or 202 is written down."""

import re
from random import Random
from typing import Final

import httpx2
import orjson

from deploy.local.chaos.traces import Accepted, Act
from deploy.local.demo.client import LIMITS, open_http

LOST_ANSWERS_RATE: Final = 0.05
_ACCEPTED = frozenset({httpx2.codes.CREATED, httpx2.codes.ACCEPTED})
_CASES = "/v1/cases"
_ACT = re.compile(r"^/v1/cases/(?P<case>[0-9a-f-]{36})/(?P<command>[a-z/-]+)$")


class Door(httpx2.AsyncBaseTransport):
    """HTTP as it is, except that some answers never arrive: the platform has done what was asked, and nobody was told."""

    def __init__(self, seed: int) -> None:
        self.accepted: dict[str, Accepted] = {}
        self.acts: set[Act] = set()
        self.answered = 0
        self.lost = 0
        self._random = Random(f"{seed}/door")  # noqa: S311 - a reproducible draw, nothing secret
        self._inner = httpx2.AsyncHTTPTransport(limits=LIMITS, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Let a request through, and mostly its answer."""
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        if request.method == "POST" and answer.is_success and self._random.random() < LOST_ANSWERS_RATE:
            self.lost += 1
            raise httpx2.ReadError("the answer was lost on its way", request=request)
        self.answered += request.method == "POST" and answer.is_success
        if request.method == "POST" and answer.status_code in _ACCEPTED:
            self._write_down(request.url.path, answer.content)
        return answer

    def _write_down(self, path: str, content: bytes) -> None:
        if path == _CASES:
            told = orjson.loads(content)
            self.accepted.setdefault(told["case_id"], Accepted(told["case_id"], told["case_number"]))
        elif found := _ACT.match(path):
            self.acts.add(Act(found["case"], found["command"]))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    def open(self) -> httpx2.AsyncClient:
        """The connections of everybody who acts in the run."""
        return open_http(transport=self)
