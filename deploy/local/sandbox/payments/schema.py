"""The provider's tables. The CHECK on a payment is its last word: nothing refunds more than was captured."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL, method TEXT NOT NULL, merchant_reference TEXT NOT NULL, reference TEXT,
  refunded_minor INTEGER NOT NULL DEFAULT 0, refund_pending_minor INTEGER NOT NULL DEFAULT 0 CHECK (refund_pending_minor >= 0),
  created_ms INTEGER NOT NULL, CHECK (refunded_minor + refund_pending_minor <= amount_minor)
) STRICT;
CREATE INDEX IF NOT EXISTS payment_merchant_reference ON payment (merchant_reference);
CREATE INDEX IF NOT EXISTS payment_reference ON payment (reference);
CREATE TABLE IF NOT EXISTS refund (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, payment_id TEXT NOT NULL REFERENCES payment (id),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL, merchant_reference TEXT, metadata TEXT NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE, status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  will_fail_with TEXT, failure_code TEXT, settlement_reference TEXT, settle_due_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, settled_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS refund_due ON refund (settle_due_ms) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS refund_merchant_reference ON refund (merchant_reference);
CREATE INDEX IF NOT EXISTS refund_payment ON refund (payment_id);
CREATE INDEX IF NOT EXISTS refund_settled ON refund (settled_ms);
"""
