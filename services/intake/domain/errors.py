"""Why intake refuses something: one class per business fact. ``code`` is what clients switch on.

::

    IntakeError
    ├── NotAuthenticatedError        401
    │   └── IdentityNotConfirmedError
    ├── NotAllowedError              403
    │   └── ImportNotAllowedError
    ├── NotThereError                404
    │   ├── OrderNotFoundError, CaseNotFoundError, CustomerNotFoundError, EvidenceNotFoundError
    ├── ConflictError                409
    │   ├── OrderVersionConflictError
    │   ├── CaseAlreadyOpenError, LinesPartlyOpenError, ReapplyLimitError
    │   └── StaleCommandError        (the code says what no longer holds)
    ├── TooLargeError                413
    ├── UnsupportedEvidenceError     415
    ├── InvalidError                 422
    │   └── InvalidLinesError
    └── IdentityLockedError          429
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a body: a JSON pointer (RFC 6901) and what is wrong there."""

    pointer: str
    detail: str


class IntakeError(Exception):
    """Something is refused. ``detail`` says what is wrong and what to do; it never holds personal data."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request is refused."
    code: str = "refused"

    def __init__(self, detail: str, *, code: str | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        if code is not None:
            self.code = code


class NotAuthenticatedError(IntakeError):
    """Nobody known is asking."""

    status, title, code = 401, "Say who you are.", "not_authenticated"


class IdentityNotConfirmedError(NotAuthenticatedError):
    """Order number and contact do not belong together; which one is wrong is not said (R-SEC-03)."""

    title, code = "The order and the contact do not belong together.", "identity_not_confirmed"


class NotAllowedError(IntakeError):
    """The caller is known, but this is not theirs to do."""

    status, title, code = 403, "This is not yours to do.", "not_allowed"


class ImportNotAllowedError(NotAllowedError):
    """``requested_at`` and channel ``import`` are for back-fills."""

    code = "import_not_allowed"


class NotThereError(IntakeError):
    """There is no such thing, or it belongs to somebody else: both look the same."""

    status, title, code = 404, "There is no such thing.", "not_found"


class OrderNotFoundError(NotThereError):
    """The order is not on record."""

    title, code = "There is no such order.", "order_not_found"


class CaseNotFoundError(NotThereError):
    """The case is not on record."""

    title, code = "There is no such case.", "case_not_found"


class CustomerNotFoundError(NotThereError):
    """No order of this customer is on record."""

    title, code = "There is no such customer.", "customer_not_found"


class EvidenceNotFoundError(NotThereError):
    """The case has no such piece of evidence."""

    title, code = "There is no such evidence.", "evidence_not_found"


class ConflictError(IntakeError):
    """What is on record speaks against it."""

    status, title, code = 409, "This conflicts with what is on record.", "conflict"


class OrderVersionConflictError(ConflictError):
    """Two different bodies claim to be the same version of an order."""

    title, code = "This version of the order is on record with another body.", "order_version_conflict"


class CaseAlreadyOpenError(ConflictError):
    """A line is in an open case of another scene group (R-INT-05)."""

    title, code = "A case is already open for this line.", "case_already_open"

    def __init__(self, case_id: UUID, case_number: str, line_id: str) -> None:
        super().__init__(f"Line {line_id} is in the open case {case_number}; the two are linked, an agent looks at both.")
        self.case_id = case_id


class LinesPartlyOpenError(ConflictError):
    """Some of the lines are in an open case of the same scene group, some are not."""

    title, code = "A case is already open for some of these lines.", "lines_partly_open"


class ReapplyLimitError(ConflictError):
    """Too many applications for a line (R-CASE-06)."""

    title, code = "Too many applications for this line.", "reapply_limit"


class StaleCommandError(ConflictError):
    """The case is no longer, or not yet, where this makes sense. ``offer`` is the current offer, where that helps."""

    title = "The case does not wait for this."

    def __init__(self, code: str, detail: str, *, offer: dict[str, object] | None = None) -> None:
        super().__init__(detail, code=code)
        self.offer = offer


class TooLargeError(IntakeError):
    """More bytes than allowed."""

    status, title, code = 413, "The body is too large.", "body_too_large"


class UnsupportedEvidenceError(IntakeError):
    """The content is of no type that is accepted, whatever it is called."""

    status, title, code = 415, "This kind of file is not accepted.", "unsupported_evidence"


class InvalidError(IntakeError):
    """The body is well-formed but breaks a rule."""

    status, title, code = 422, "The request breaks a rule.", "invalid"


class InvalidLinesError(InvalidError):
    """Lines or quantities that the order does not support (R-INT-07)."""

    title, code = "Some lines cannot be claimed like this.", "invalid_lines"


class IdentityLockedError(IntakeError):
    """Too many failed identity checks (R-SEC-03). ``retry_after_seconds`` says how long."""

    status, title, code = 429, "Too many failed tries.", "identity_locked"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("Try again later, or ask the shop's service.")
        self.retry_after_seconds = retry_after_seconds
