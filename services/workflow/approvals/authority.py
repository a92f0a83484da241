"""Who may decide an approval, and who is asked next (R-AUTH-02, R-AUTH-03)."""

from collections.abc import Collection

from contracts.roles import APPROVAL_TIERS, Role


def next_tier(tier: Role) -> Role:
    """Who decides after the deadline: the tier above, or the same one where there is none (then it is alarmed, R-AUTH-03)."""
    if tier not in APPROVAL_TIERS:
        return tier
    position = APPROVAL_TIERS.index(tier)
    return APPROVAL_TIERS[min(position + 1, len(APPROVAL_TIERS) - 1)]


def deciding_role(tier: Role, roles: Collection[Role]) -> Role | None:
    """The role in which somebody with these roles may decide at ``tier``: the tier's own or the lowest higher one, None where they may not.

    Tiers outside the chain, such as a finance countersignature, are decided by that role alone.
    """
    if tier not in APPROVAL_TIERS:
        return tier if tier in roles else None
    return next((role for role in APPROVAL_TIERS[APPROVAL_TIERS.index(tier) :] if role in roles), None)


def starts_as_tier(role: Role) -> bool:
    """Whether an approval can be asked of this role."""
    return role in APPROVAL_TIERS or role is Role.FINANCE
