"""What the people of a case do: the customer, the agent, the approvers, the warehouse. Planned before the case is opened, played over HTTP."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from contracts.case_state import OptionCode
from contracts.decision_facts import Attributes, Cause
from contracts.scenes import Scene


class Outcome(StrEnum):
    """What became of a match, in the words of the report."""

    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"
    DECLINED = "declined"
    RESHIPPED = "reshipped"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The part everybody plays in one case, and what it should come to.

    ``consents``: the customer agrees to the wanted remedy with the application (R-CASE-03). ``reviewed`` is what the agent finds on the pictures.
    ``answers_offer`` False lets the offer run out (R-CASE-04). ``inspection`` is the warehouse's result (R-RTN-03). ``grants`` is the verdict on
    approvals; ``lets_pass``: the first tier lets its deadline go by (R-AUTH-03). ``confirms``: the customer says that the case is solved, otherwise
    silence closes it (R-CASE-07).
    """

    name: str
    scene: Scene = Scene.RETURN_NO_REASON
    remedy: OptionCode = OptionCode.RETURN_REFUND
    consents: bool = False
    reviewed: Attributes = field(default_factory=Attributes)
    withdraws: bool = False
    answers_offer: bool = True
    hands_in: bool = True
    own_carrier: bool = False
    inspection: str = "match"
    grants: bool = True
    lets_pass: bool = False
    confirms: bool = True
    expected: Outcome = Outcome.REFUNDED

    @property
    def asks_evidence(self) -> bool:
        """Whether the scene is a claim that needs pictures (R-EVD-07)."""
        return self.scene.merchant_fault

    def beyond_window(self) -> "Script":
        """The same part where the application comes after the window: an exception that a supervisor decides (R-ELIG-06)."""
        return replace(self, scene=Scene.RETURN_OVER_WINDOW) if self.scene is Scene.RETURN_NO_REASON else self


AGREED_AHEAD = Script(name="agreed ahead", consents=True)
CHOOSES = Script(name="chooses from the offer")
SILENT = Script(name="silent at the end", consents=True, confirms=False)
OWN_CARRIER = Script(name="own carrier", consents=True, own_carrier=True)
DAMAGED = Script(
    name="arrived broken",
    scene=Scene.LOGISTICS_DAMAGE,
    remedy=OptionCode.REFUND_NO_RETURN,
    reviewed=Attributes(usable=False, cause=Cause.TRANSPORT),
)
DEFECT = Script(
    name="defect, goods come back",
    scene=Scene.QUALITY_DEFECT,
    reviewed=Attributes(usable=True, cause=Cause.QUALITY),
    consents=True,
)
MISSING = Script(name="missing, money back", scene=Scene.FULFILMENT_MISSING_ITEM, remedy=OptionCode.REFUND_NO_RETURN)
RESHIPPED = Script(
    name="missing, sent again", scene=Scene.FULFILMENT_MISSING_ITEM, remedy=OptionCode.RESHIP_NO_RETURN, expected=Outcome.RESHIPPED
)
SHORT = Script(name="fewer units came back", inspection="short_quantity", grants=False, consents=True, expected=Outcome.PARTLY_REFUNDED)
TAKEN_BACK = Script(
    name="failed inspection, taken back", inspection="mismatch_condition", grants=False, consents=True, expected=Outcome.DECLINED
)
WITHDRAWN = Script(name="withdrawn", withdraws=True, expected=Outcome.WITHDRAWN)
REFUSED = Script(name="exception refused", scene=Scene.RETURN_OVER_WINDOW, grants=False, expected=Outcome.DECLINED)
UNANSWERED = Script(name="offer never answered", answers_offer=False, expected=Outcome.DECLINED)


def let_pass(script: Script) -> Script:
    """The same part, but the first tier does not decide in time."""
    return replace(script, name=f"{script.name}, escalated", lets_pass=True)
