"""Orders, caps, approvals, refunds, submissions and the ledger.

The caps are what keeps a cent from being given twice: ``reserved <= available`` is checked by the database, whoever writes. Ledger rows are never
changed, and an entry that does not sum to zero cannot be committed.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_ORDERS = """
CREATE TABLE orders (
    order_id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    order_version bigint NOT NULL,
    snapshot jsonb NOT NULL,
    capped boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL DEFAULT now()
)
"""

_CAPS = """
CREATE TABLE payment_caps (
    order_id uuid NOT NULL REFERENCES orders,
    payment_id text NOT NULL,
    available_minor bigint NOT NULL,
    reserved_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, payment_id),
    CONSTRAINT payment_reserved_within_available CHECK (reserved_minor <= available_minor),
    CONSTRAINT payment_reserved_not_negative CHECK (reserved_minor >= 0)
);
CREATE TABLE line_caps (
    order_id uuid NOT NULL REFERENCES orders,
    line_id text NOT NULL,
    units integer NOT NULL,
    available_minor bigint NOT NULL,
    units_refunded integer NOT NULL DEFAULT 0,
    refunded_minor bigint NOT NULL DEFAULT 0,
    units_compensated integer NOT NULL DEFAULT 0,
    compensated_minor bigint NOT NULL DEFAULT 0,
    reserved_minor bigint NOT NULL GENERATED ALWAYS AS (refunded_minor + compensated_minor) STORED,
    PRIMARY KEY (order_id, line_id),
    CONSTRAINT line_reserved_within_available CHECK (reserved_minor <= available_minor),
    CONSTRAINT line_units_within_ordered CHECK (units_refunded <= units),
    CONSTRAINT line_reserved_not_negative
        CHECK (units_refunded >= 0 AND refunded_minor >= 0 AND units_compensated >= 0 AND compensated_minor >= 0)
);
CREATE TABLE freight_caps (
    order_id uuid NOT NULL REFERENCES orders,
    freight_id text NOT NULL,
    available_minor bigint NOT NULL,
    reserved_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, freight_id),
    CONSTRAINT freight_reserved_within_available CHECK (reserved_minor <= available_minor),
    CONSTRAINT freight_reserved_not_negative CHECK (reserved_minor >= 0)
)
"""

_APPROVALS = """
CREATE TABLE approvals (
    approval_id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    case_number text NOT NULL,
    merchant_id text NOT NULL,
    workflow_id text NOT NULL,
    kind text NOT NULL,
    tier text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'granted', 'declined', 'withdrawn')),
    reason text NOT NULL,
    rule text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    requester text NOT NULL,
    status text NOT NULL,
    stage text NOT NULL,
    requested_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    escalations integer NOT NULL DEFAULT 0,
    decided_by text,
    decided_role text,
    decision_reason text,
    reason_code text,
    granted_minor bigint,
    ruling text,
    decided_at timestamptz,
    CONSTRAINT approval_decision_is_whole CHECK (
        (state IN ('granted', 'declined')) = (decided_by IS NOT NULL AND decided_role IS NOT NULL AND decision_reason IS NOT NULL AND decided_at IS NOT NULL)
    ),
    CONSTRAINT approval_requester_does_not_decide CHECK (decided_by IS DISTINCT FROM requester)
);
CREATE INDEX approvals_by_merchant ON approvals (merchant_id, state, requested_at, approval_id);
CREATE INDEX approvals_by_case ON approvals (case_id)
"""

_REFUNDS = """
CREATE TABLE refunds (
    refund_id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    case_number text NOT NULL,
    case_workflow_id text NOT NULL,
    merchant_id text NOT NULL,
    order_id uuid NOT NULL REFERENCES orders,
    order_number text NOT NULL,
    customer_ref uuid NOT NULL,
    locale text NOT NULL,
    test boolean NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    agreed_minor bigint,
    remedy text NOT NULL,
    reason text NOT NULL,
    policy_version text NOT NULL,
    approver text NOT NULL,
    tier text NOT NULL,
    process jsonb NOT NULL,
    quote jsonb,
    state text NOT NULL CHECK (state IN ('requested', 'stuck', 'refused', 'settled', 'failed')),
    code text NOT NULL DEFAULT '',
    attempts_allowed integer NOT NULL CHECK (attempts_allowed >= 1),
    signal_wanted boolean NOT NULL DEFAULT false,
    late boolean NOT NULL DEFAULT false,
    requested_at timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX refunds_by_merchant ON refunds (merchant_id, requested_at, refund_id);
CREATE INDEX refunds_by_case ON refunds (case_id);
CREATE INDEX refunds_by_order ON refunds (order_id);
CREATE TABLE refund_submissions (
    submission_id uuid PRIMARY KEY,
    refund_id uuid NOT NULL REFERENCES refunds,
    payment_id text NOT NULL,
    attempt integer NOT NULL CHECK (attempt >= 1),
    provider text NOT NULL,
    provider_reference text NOT NULL,
    method text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('created', 'unknown', 'submitted', 'succeeded', 'failed')),
    provider_refund_id text,
    settlement_reference text,
    failure_code text,
    not_found integer NOT NULL DEFAULT 0,
    ordered_by text NOT NULL,
    created_at timestamptz NOT NULL,
    submitted_at timestamptz,
    ended_at timestamptz,
    UNIQUE (refund_id, payment_id, attempt)
);
CREATE UNIQUE INDEX one_live_submission ON refund_submissions (refund_id, payment_id) WHERE state <> 'failed';
CREATE INDEX refund_submissions_ended ON refund_submissions (provider, ended_at) WHERE state = 'succeeded'
"""

_LEDGER = """
CREATE TABLE ledger_entries (
    entry_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('refund_settled')),
    refund_id uuid NOT NULL REFERENCES refunds,
    order_id uuid NOT NULL,
    merchant_id text NOT NULL,
    currency text NOT NULL,
    posted_at timestamptz NOT NULL,
    UNIQUE (refund_id, kind)
);
CREATE TABLE ledger_lines (
    entry_id uuid NOT NULL REFERENCES ledger_entries,
    line_number integer NOT NULL,
    account text NOT NULL,
    amount_minor bigint NOT NULL,
    memo text NOT NULL DEFAULT '',
    PRIMARY KEY (entry_id, line_number)
);
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append only: book a correcting entry instead' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_lines_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_lines
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE lines integer; total bigint;
BEGIN
    SELECT count(*), coalesce(sum(amount_minor), 0) INTO lines, total FROM ledger_lines WHERE entry_id = NEW.entry_id;
    IF lines < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'ledger entry % does not balance: % lines, sum %', NEW.entry_id, lines, total USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_balances();
CREATE CONSTRAINT TRIGGER ledger_lines_balance AFTER INSERT ON ledger_lines
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_balances()
"""


def upgrade() -> None:
    for part in (_ORDERS, _CAPS, _APPROVALS, _REFUNDS, _LEDGER):
        op.execute(part)
