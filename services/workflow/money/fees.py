"""Charges held back from a refund: what a fee comes to on the goods given back, and the floor of zero under it all (R-FRT-07, R-FRT-09)."""

from collections.abc import Mapping, Sequence

from contracts.fees import Fee
from contracts.quote import Deduction, QuoteStep, TaxPortion
from services.workflow.money.draft import Draft
from services.workflow.money.errors import UnknownItemError
from services.workflow.money.line_state import LineState
from services.workflow.money.rounding import percent, rounded

MILLION = 1_000_000


def fees_due(fees: Sequence[Fee], drafts: Sequence[Draft], lines: Mapping[str, LineState]) -> list[Deduction]:
    """What the fees come to on the units that ``drafts`` give back, before the floor. Raises ``UnknownItemError``."""
    return [_due(fee, drafts, lines) for fee in fees]


def _due(fee: Fee, drafts: Sequence[Draft], lines: Mapping[str, LineState]) -> Deduction:
    for line_id in fee.line_ids:
        if line_id not in lines:
            raise UnknownItemError("line", line_id, f"request.fees {fee.code}")
    goods = [draft for draft in drafts if draft.kind == "units" and (not fee.line_ids or draft.item_id in fee.line_ids)]
    units, value = sum(draft.quantity for draft in goods), sum(draft.amount_minor for draft in goods)
    if fee.amount_minor is None:
        rate = fee.rate_ppm or 0
        amount = rounded(value * rate, MILLION, fee.rounding)
        label = f"{fee.code}: {percent(rate)} of {value}, rounded {fee.rounding.replace('_', ' ')}"
    elif fee.per_unit:
        amount, label = fee.amount_minor * units, f"{fee.code}: {fee.amount_minor} for each of {units} units"
    else:
        amount, label = fee.amount_minor, fee.code
    steps = [QuoteStep(label=label, rule=fee.rule, amount_minor=amount)]
    within = max(amount, fee.minimum_minor) if fee.maximum_minor is None else min(max(amount, fee.minimum_minor), fee.maximum_minor)
    if within != amount:
        word = "raised to the least" if within > amount else "lowered to the most"
        steps.append(QuoteStep(label=f"{word} that is charged", rule=fee.rule, amount_minor=within - amount))
    tax = () if fee.tax is None else (TaxPortion(code=fee.tax.code, rate_ppm=fee.tax.rate_ppm, amount_minor=0),)
    return Deduction(code=fee.code, rule=fee.rule, amount_minor=within, steps=tuple(steps), taxes=tax)


def held_back(asked: Sequence[Deduction], gross_minor: int) -> tuple[Deduction, ...]:
    """What is held back of ``gross_minor`` in fact: one after the other, each up to what the ones before it left (R-FRT-09).

    The tax inside a taxed fee is worked out on what is held back, half up.
    """
    held = []
    for deduction in asked:
        part = min(deduction.amount_minor, gross_minor)
        gross_minor -= part
        if part == deduction.amount_minor and not deduction.taxes:  # nothing to work out: most deductions
            held.append(deduction)
            continue
        steps = deduction.steps or (QuoteStep(label=deduction.code, rule=deduction.rule, amount_minor=deduction.amount_minor),)
        if part < deduction.amount_minor:
            floor = QuoteStep(label="a refund never falls below zero", rule="R-FRT-09", amount_minor=part - deduction.amount_minor)
            steps = (*steps, floor)
        taxes = tuple(
            TaxPortion(code=tax.code, rate_ppm=tax.rate_ppm, amount_minor=rounded(part * tax.rate_ppm, MILLION + tax.rate_ppm, "half_up"))
            for tax in deduction.taxes
        )
        held.append(Deduction(code=deduction.code, rule=deduction.rule, amount_minor=part, steps=steps, taxes=taxes))
    return tuple(held)
