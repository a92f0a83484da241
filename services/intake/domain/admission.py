"""Who may open which case by which channel (R-INT-01), and what an application must say (R-INT-03)."""

from dataclasses import dataclass
from datetime import datetime

from contracts.case_v1 import Channel, OpenedBy
from contracts.merchant import Merchant, Mode
from contracts.scenes import CASE_SCENES, Scene
from services.intake.domain.callers import Caller, CustomerCaller, MerchantCaller, StaffCaller
from services.intake.domain.errors import Fault, ImportNotAllowedError, InvalidError
from services.intake.domain.forms import CaseApplication


@dataclass(frozen=True, slots=True)
class Admission:
    """An application that may be judged. ``limited``: whether the number of applications is limited (R-CASE-06)."""

    opened_by: OpenedBy
    channel: Channel
    requested_at: datetime
    limited: bool


def admit(caller: Caller, form: CaseApplication, merchant: Merchant, now: datetime) -> Admission:
    """Check an application before its order is looked at. Raises ``NotAllowedError``, :class:`ImportNotAllowedError`, :class:`InvalidError`."""
    if form.scene not in CASE_SCENES:
        listed = ", ".join(sorted(scene.value for scene in CASE_SCENES))
        raise InvalidError(
            f"No process carries out {form.scene.value} yet: ask staff, or what policy says of it at the workflow service's /v1/policy/decisions.",
            code="scene_not_open",
            faults=[Fault("/scene", f"is not one of {listed}")],
        )
    channel = form.channel or _usual_channel(caller)
    is_import = channel is Channel.IMPORT
    if is_import and not _may_import(caller, merchant):
        raise ImportNotAllowedError("Channel import is for back-fills: a merchant key, in test mode or with may_import.")
    if form.requested_at is not None:
        if not is_import:
            raise ImportNotAllowedError("requested_at is for back-fills: it needs channel import.")
        if form.requested_at > now:
            raise InvalidError("requested_at is in the future.", faults=[Fault("/requested_at", "is in the future")])
    if form.words is None and not is_import and form.scene is not Scene.RETURN_NO_REASON:
        raise InvalidError(
            "Say what happened.", code="description_required", faults=[Fault("/description", "is required for this scene (R-INT-03)")]
        )
    return Admission(
        opened_by=caller.acts_as(),
        channel=channel,
        requested_at=form.requested_at or now,
        limited=not is_import and not isinstance(caller, StaffCaller),
    )


def _usual_channel(caller: Caller) -> Channel:
    if isinstance(caller, CustomerCaller):
        return Channel.SELF_SERVICE
    return Channel.STOREFRONT if isinstance(caller, MerchantCaller) else Channel.PHONE


def _may_import(caller: Caller, merchant: Merchant) -> bool:
    return isinstance(caller, MerchantCaller) and (caller.may_import or merchant.mode is Mode.TEST)
