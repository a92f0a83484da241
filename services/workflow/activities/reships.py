"""The steps of a reshipment that touch its records."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from temporalio import activity

from services.workflow.payloads.reships import FollowReshipment, RequestReshipment, ReshipStanding


class ReshipSteps(Protocol):
    """What the records of a reshipment must be able to do; a repeated ``operation_id`` changes nothing."""

    async def request(self, ask: RequestReshipment) -> ReshipStanding:
        """Ask logistics for new goods."""

    async def follow(self, ask: FollowReshipment) -> ReshipStanding:
        """Read what happened to them."""


class ReshipActivities:
    """The activities of ``ReshipGoods``."""

    def __init__(self, steps: ReshipSteps) -> None:
        self._steps = steps

    def all(self) -> Sequence[Callable[..., Any]]:
        """All activities, for the worker."""
        return (self.request, self.follow)

    @activity.defn(name="request_reshipment")
    async def request(self, ask: RequestReshipment) -> ReshipStanding:
        """Ask logistics for new goods."""
        return await self._steps.request(ask)

    @activity.defn(name="follow_reshipment")
    async def follow(self, ask: FollowReshipment) -> ReshipStanding:
        """Read what happened to them."""
        return await self._steps.follow(ask)
