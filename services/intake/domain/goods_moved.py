"""Where a case stands once goods have moved, whichever event came first: facts of the platform and of parcels travel on different topics."""

from contracts.case_state import CaseStatus, Stage
from contracts.progress import Progress, WaitingFor
from contracts.roles import Role
from services.intake.domain.view import ReshipmentView, ReturnView

_BEFORE_TRANSIT = frozenset({CaseStatus.AGREED, CaseStatus.AWAITING_RETURN})
_BEFORE_RECEIPT = _BEFORE_TRANSIT | {CaseStatus.RETURN_IN_TRANSIT}


def with_goods(progress: Progress, returning: ReturnView | None, reshipment: ReshipmentView | None) -> Progress:
    """The progress the platform told, corrected by what is known of the parcels: a parcel under way cannot be handed in any more (R-CASE-05).

    No limit is told then; it comes with the platform's own next word.
    """
    if returning is not None and returning.state == "in_transit" and progress.status in _BEFORE_TRANSIT:
        return _moved(CaseStatus.RETURN_IN_TRANSIT, WaitingFor.RETURN_ARRIVAL, Role.CARRIER)
    if returning is not None and returning.state == "received" and progress.status in _BEFORE_RECEIPT:
        return _moved(CaseStatus.RETURN_RECEIVED, WaitingFor.INSPECTION, Role.WAREHOUSE_SUPERVISOR)
    if reshipment is not None and reshipment.state == "shipped" and progress.waiting_for is WaitingFor.RESHIPMENT:
        return _moved(CaseStatus.EXECUTING, WaitingFor.RESHIPMENT, Role.CARRIER)
    return progress


def _moved(status: CaseStatus, waiting_for: WaitingFor, who: Role) -> Progress:
    return Progress(status=status, stage=Stage.EXECUTE, waiting_for=waiting_for, who=who)
