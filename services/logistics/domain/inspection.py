"""The warehouse's judgement of what came back, and whether it agrees with itself (R-RTN-03)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.shipment_v1 import InspectedUnits, InspectionResult


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """What is wrong with an inspection: ``pointer`` is a JSON pointer into the request."""

    pointer: str
    detail: str


class InspectionInconsistentError(Exception):
    """The units of an inspection do not agree with the return or with the result."""

    def __init__(self, problems: Sequence[Inconsistency]) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems = tuple(problems)


def judge(expected: Mapping[str, int], result: InspectionResult, accepted: Sequence[tuple[str, int]] | None) -> tuple[InspectedUnits, ...]:
    """The inspected units of every line of a return.

    ``accepted`` is (line id, units that came as agreed), every line once; None only with ``match``, where it means all of them.
    ``match`` needs all units accepted, any other result at least one fewer. Raises :class:`InspectionInconsistentError`.
    """
    if accepted is None:
        if result is not InspectionResult.MATCH:
            raise InspectionInconsistentError([Inconsistency("/units", f"{result} must say for every line how many units were accepted")])
        accepted = tuple(expected.items())
    problems = _line_problems(expected, accepted)
    if problems:
        raise InspectionInconsistentError(problems)
    by_line = dict(accepted)
    complete = all(by_line[line_id] == quantity for line_id, quantity in expected.items())
    if result is InspectionResult.MATCH and not complete:
        raise InspectionInconsistentError([Inconsistency("/result", "match means that all units were accepted; fewer are given")])
    if result is not InspectionResult.MATCH and complete:
        raise InspectionInconsistentError([Inconsistency("/result", f"all units are accepted, which is match and not {result}")])
    return tuple(InspectedUnits(line_id=line_id, expected=quantity, accepted=by_line[line_id]) for line_id, quantity in expected.items())


def _line_problems(expected: Mapping[str, int], accepted: Sequence[tuple[str, int]]) -> list[Inconsistency]:
    problems: list[Inconsistency] = []
    seen: set[str] = set()
    for position, (line_id, quantity) in enumerate(accepted):
        if line_id not in expected:
            problems.append(Inconsistency(f"/units/{position}/line_id", f"line {line_id!r} is no part of this return"))
        elif line_id in seen:
            problems.append(Inconsistency(f"/units/{position}/line_id", f"line {line_id!r} is given twice"))
        elif not 0 <= quantity <= expected[line_id]:
            problems.append(
                Inconsistency(f"/units/{position}/accepted", f"accepted must be 0 to {expected[line_id]} (the units of line {line_id!r})")
            )
        seen.add(line_id)
    problems.extend(Inconsistency("/units", f"line {line_id!r} is missing") for line_id in expected if line_id not in seen)
    return problems
