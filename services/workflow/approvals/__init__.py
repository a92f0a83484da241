"""Who may decide what, pure: tiers, escalation, and the check of a decision."""
