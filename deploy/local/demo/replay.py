"""The replay of the cases: opens them in order, watches where each stands, and has the right person act, until all have ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from contracts.case_state import CaseStatus
from contracts.progress import WaitingFor
from contracts.roles import Role
from deploy.local.demo.client import Refused, Unreachable
from deploy.local.demo.people import customers, parcels, staff
from deploy.local.demo.play import NotYet, Play
from deploy.local.demo.world import World

Act = Callable[[World, Play], Awaitable[None]]

_LOOK_EVERY_SECONDS = 0.4
_IN_PLAY = 48
"""Cases open at once: enough that waits overlap, few enough that nobody misses a deadline because the machine is busy."""
_HANDS = 16
_PAGE = 100
_AGAIN_AFTER_SECONDS = 2.0
_LAST_OPENING_SECONDS = 30.0
"""So long before patience ends no case is opened any more: one that could not be opened by then was asked for in vain."""

_BY_STATUS: dict[CaseStatus, Act] = {
    CaseStatus.EVIDENCE_PENDING: customers.send_pictures,
    CaseStatus.UNDER_REVIEW: staff.review,
    CaseStatus.APPROVAL_PENDING: staff.decide,
    CaseStatus.OFFER_PENDING: customers.answer_offer,
    CaseStatus.AWAITING_RETURN: customers.hand_in,
    CaseStatus.RETURN_IN_TRANSIT: parcels.receive_and_inspect,
    CaseStatus.RETURN_RECEIVED: parcels.receive_and_inspect,
    CaseStatus.INSPECTION_DISPUTE: customers.answer_inspection,
    CaseStatus.CONFIRMING: customers.confirm,
    CaseStatus.MEDIATION: staff.settle_tasks,
}


class Replay:
    """The cases of a run on their way.

    ``patience_seconds`` bounds the whole: what has not ended by then is reported, not waited for. ``in_play`` is how many are open at once.
    """

    def __init__(self, world: World, plays: Sequence[Play], shift: timedelta, patience_seconds: float, in_play: int = _IN_PLAY) -> None:
        self.plays = plays
        self._world = world
        self._shift = shift
        self._in_play = in_play
        self._until = time.monotonic() + patience_seconds
        self._opens_until = self._until - min(_LAST_OPENING_SECONDS, patience_seconds / 2)
        self._by_id: dict[str, Play] = {}
        self._unopened = list(plays)
        self._hands = asyncio.Semaphore(_HANDS)
        self._at_work: set[asyncio.Task[None]] = set()

    @property
    def unfinished(self) -> list[Play]:
        """The cases that have not come to their end."""
        return [play for play in self.plays if not play.ended]

    @property
    def opened(self) -> int:
        """How many cases were opened so far."""
        return len(self._by_id)

    async def run(self, show: Callable[["Replay"], None]) -> None:
        """Play until every case has ended or patience has; ``show`` is told after every look."""
        try:
            while self.unfinished and time.monotonic() < self._until:
                self._open_more()
                await self._look()
                self._act()
                self._collect()
                show(self)
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
        finally:
            for task in self._at_work:
                task.cancel()
            await asyncio.gather(*self._at_work, return_exceptions=True)

    def _open_more(self) -> None:
        """Open what can be: not too many at once, and no line's next case before its previous one is closed."""
        self._take_over()
        if time.monotonic() > self._opens_until:
            return
        free = self._in_play - sum(not play.ended for play in self._by_id.values()) - sum(play.busy for play in self._unopened)
        for play in self._unopened:
            if free <= 0:
                return
            if all(self.plays[before].ended for before in play.case.waits_for) and play.wants_act(_AGAIN_AFTER_SECONDS):
                self._start(play, lambda world, play: customers.apply(world, play, self._shift))
                free -= 1

    def _take_over(self) -> None:
        """From now on the opened cases are watched."""
        for play in [play for play in self._unopened if play.case_id is not None]:
            self._unopened.remove(play)
            self._by_id[str(play.case_id)] = play

    async def _look(self) -> None:
        """Read where the cases stand, newest first, until all that are open were seen."""
        self._take_over()
        missing = {case_id for case_id, play in self._by_id.items() if not play.ended}
        if not missing:
            return
        try:
            async for item in self._world.agent_desk.pages("/v1/cases", limit=_PAGE):
                if item["case_id"] in self._by_id:
                    self._by_id[item["case_id"]].see(item)
                missing.discard(item["case_id"])
                if not missing:
                    return
        except Unreachable:
            return  # it is looked at again

    def _act(self) -> None:
        for play in self._by_id.values():
            act = act_for(play)
            if act is not None and play.wants_act(_AGAIN_AFTER_SECONDS):
                self._start(play, act)

    def _start(self, play: Play, act: Act) -> None:
        play.busy = True
        self._at_work.add(asyncio.create_task(self._do(play, act)))

    async def _do(self, play: Play, act: Act) -> None:
        try:
            async with self._hands:
                play.trouble = ""
                await act(self._world, play)
        except NotYet as problem:
            play.trouble = str(problem)
            play.look_soon()
        except (Refused, Unreachable) as problem:
            play.trouble = str(problem)  # the case has moved on meanwhile, or a server is away: both show at the next look
        except asyncio.CancelledError:
            play.trouble = "no answer when patience ended"
            raise
        finally:
            play.busy = False

    def _collect(self) -> None:
        """Let go of what is done; a defect of the demo itself ends the run."""
        done = {task for task in self._at_work if task.done()}
        self._at_work -= done
        for task in done:
            task.result()


def act_for(play: Play) -> Act | None:
    """Who has something to do about a case, None where the platform itself is at work or the case has ended."""
    standing = play.standing
    if standing is None or play.ended:
        return None
    if standing.waiting_for is WaitingFor.APPROVAL:
        return staff.decide
    if standing.waiting_for is WaitingFor.RESHIPMENT:
        return parcels.deliver_goods
    if standing.waiting_for is WaitingFor.REFUND:
        return staff.order_attempts if standing.who is Role.FINANCE else None
    return _BY_STATUS.get(standing.status)
