"""Reconciliation, pure: what we say was paid against what the provider's file says, and the ledger against what was published (R-RFD-13)."""
