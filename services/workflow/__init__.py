"""The workflow service: decisions, approvals, deadlines, refunds, the ledger, and all waiting."""
