"""The provider's tables. The CHECK on a payment is its last word: nothing refunds more than was captured."""

from deploy.local.sandbox.store import Store

_REFUND = """ (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, payment_id TEXT NOT NULL REFERENCES payment (id),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), currency TEXT NOT NULL, merchant_reference TEXT, metadata TEXT NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE, status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'reversed')),
  will_fail_with TEXT, failure_code TEXT, settlement_reference TEXT, settle_due_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, settled_ms INTEGER, reversed_ms INTEGER
) STRICT;
"""
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS payment (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL, method TEXT NOT NULL, merchant_reference TEXT NOT NULL, reference TEXT,
  refunded_minor INTEGER NOT NULL DEFAULT 0, refund_pending_minor INTEGER NOT NULL DEFAULT 0 CHECK (refund_pending_minor >= 0),
  created_ms INTEGER NOT NULL, CHECK (refunded_minor + refund_pending_minor <= amount_minor)
) STRICT;
CREATE INDEX IF NOT EXISTS payment_merchant_reference ON payment (merchant_reference);
CREATE INDEX IF NOT EXISTS payment_reference ON payment (reference);
CREATE TABLE IF NOT EXISTS refund {_REFUND}
"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS refund_due ON refund (settle_due_ms) WHERE status = 'pending'",
    "CREATE INDEX IF NOT EXISTS refund_merchant_reference ON refund (merchant_reference)",
    "CREATE INDEX IF NOT EXISTS refund_payment ON refund (payment_id)",
    "CREATE INDEX IF NOT EXISTS refund_settled ON refund (settled_ms)",
    "CREATE INDEX IF NOT EXISTS refund_reversed ON refund (reversed_ms) WHERE reversed_ms IS NOT NULL",
)
_OF_OLD = (
    "row_number, id, payment_id, amount_minor, currency, merchant_reference, metadata, idempotency_key, status, will_fail_with, failure_code,"
    " settlement_reference, settle_due_ms, created_ms, updated_ms, settled_ms"
)


def bring_up_to_date(store: Store) -> None:
    """Give a file of before reversals their column and status (a CHECK cannot be altered: the table is written anew), and make the indexes."""
    with store.transaction():
        if not any(column["name"] == "reversed_ms" for column in store.all("PRAGMA table_info(refund)")):
            store.run(f"CREATE TABLE refund_anew {_REFUND}")
            store.run(f"INSERT INTO refund_anew ({_OF_OLD}) SELECT {_OF_OLD} FROM refund")  # noqa: S608 (columns of our own)
            store.run("DROP TABLE refund")
            store.run("ALTER TABLE refund_anew RENAME TO refund")
        for index in _INDEXES:
            store.run(index)
