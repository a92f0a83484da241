"""Whether a case may be opened for these lines: duplicates, quantities, and the number of applications (R-INT-05, R-INT-07, R-CASE-06)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.decision_facts import AffectedUnits
from contracts.order_v1 import Order
from contracts.scenes import Scene
from services.intake.domain.errors import (
    CaseAlreadyOpenError,
    Fault,
    InvalidLinesError,
    LinesPartlyOpenError,
    ReapplyLimitError,
    StaleCommandError,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A line of a case on record. ``settled`` units were refunded, reshipped or exchanged under it."""

    case_id: UUID
    case_number: str
    scene_group: str
    line_id: str
    quantity: int
    settled: int
    open: bool

    @property
    def held(self) -> int:
        """Units nobody else can claim: all of an open case, what was settled of an ended one."""
        return max(self.quantity, self.settled) if self.open else self.settled

    @property
    def failed(self) -> bool:
        """Whether it ended without anything for this line: it counts as an application (R-CASE-06)."""
        return not self.open and self.settled == 0


@dataclass(frozen=True, slots=True)
class NewCase:
    """Nothing speaks against a new case. ``application_number`` counts from 1."""

    application_number: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same is open already, under this number."""

    case_id: UUID
    case_number: str


def judge(
    order: Order, scene: Scene, wanted: Sequence[AffectedUnits], claims: Sequence[Claim], *, max_applications: int | None
) -> NewCase | Duplicate:
    """Judge an application against the order and what was claimed of it before. ``max_applications`` None where staff or an import opens it.

    Raises :class:`InvalidLinesError`, :class:`CaseAlreadyOpenError`, :class:`LinesPartlyOpenError`, :class:`ReapplyLimitError`.
    """
    _lines_exist(order, wanted)
    lines = {units.line_id for units in wanted}
    on_lines = [claim for claim in claims if claim.line_id in lines]
    open_claims = [claim for claim in on_lines if claim.open]
    for claim in open_claims:
        if claim.scene_group != scene.group:
            raise CaseAlreadyOpenError(claim.case_id, claim.case_number, claim.line_id)
    if open_claims:
        return _duplicate(lines, open_claims)
    _quantities_left(order, wanted, on_lines)
    number = 1 + max((sum(claim.failed for claim in on_lines if claim.line_id == line) for line in lines), default=0)
    if max_applications is not None and number > max_applications:
        raise ReapplyLimitError(
            f"There were {number - 1} applications for the same line without success: our staff can open the next one for you."
        )
    return NewCase(number)


def claimable(order: Order, line_id: str, claims: Sequence[Claim]) -> int:
    """Units of a line that are delivered and not yet claimed (R-INT-07), never below zero."""
    return max(0, order.delivered_quantity(line_id) - sum(claim.held for claim in claims if claim.line_id == line_id))


def check_units(order: Order, case_id: UUID, claims: Sequence[Claim], affected: Sequence[AffectedUnits] | None) -> None:
    """Check the units of a case on record again: those a reviewer confirmed, or (None) its own, before it is reopened.

    Raises :class:`InvalidLinesError` for units that cannot be claimed beside what others hold, ``StaleCommandError`` where another case took them.
    """
    own = {claim.line_id: claim for claim in claims if claim.case_id == case_id}
    others = [claim for claim in claims if claim.case_id != case_id]
    if affected is None:
        if any(claim.open and claim.line_id in own for claim in others):
            raise StaleCommandError("not_reopenable", "Another case is open for the same line: go on with that one.")
        affected = [AffectedUnits(line_id=claim.line_id, quantity=claim.quantity) for claim in own.values()]
        if any(units.quantity > claimable(order, units.line_id, others) for units in affected):
            raise StaleCommandError("not_reopenable", "Its units were settled under another case meanwhile.")
        return
    if unknown := [units.line_id for units in affected if units.line_id not in own]:
        raise InvalidLinesError(f"The case is not about {', '.join(unknown)}: a reviewer confirms its lines, or fewer units of them.")
    _lines_exist(order, affected)
    _quantities_left(order, affected, others)


def _duplicate(lines: set[str], open_claims: list[Claim]) -> Duplicate:
    first = open_claims[0]
    covered = {claim.line_id for claim in open_claims if claim.case_id == first.case_id}
    if lines <= covered:
        return Duplicate(first.case_id, first.case_number)
    numbers = ", ".join(sorted({f"{claim.line_id} in {claim.case_number}" for claim in open_claims}))
    raise LinesPartlyOpenError(f"Open already: line {numbers}. Apply for the other lines by themselves.")


def _lines_exist(order: Order, wanted: Sequence[AffectedUnits]) -> None:
    known = {line.line_id for line in order.lines}
    faults = [
        Fault(f"/lines/{index}/line_id", f"the order has no line {units.line_id}")
        for index, units in enumerate(wanted)
        if units.line_id not in known
    ]
    if not faults and len({units.line_id for units in wanted}) != len(wanted):
        faults = [Fault("/lines", "a line is named twice: add its quantities up")]
    if faults:
        raise InvalidLinesError("Name lines of this order, each once.", faults=faults)


def _quantities_left(order: Order, wanted: Sequence[AffectedUnits], claims: Sequence[Claim]) -> None:
    faults = []
    for index, units in enumerate(wanted):
        delivered = order.delivered_quantity(units.line_id)
        left = claimable(order, units.line_id, claims)
        if units.quantity > left:
            faults.append(
                Fault(
                    f"/lines/{index}/quantity",
                    f"{units.quantity} claimed, but {left} can be: {delivered} delivered, {delivered - left} claimed before",
                )
            )
    if faults:
        raise InvalidLinesError("More units than were delivered and are not claimed yet (R-INT-07).", faults=faults)
