"""What finance needs: the history of each refund, reversals, the chart's dates and documents in the ledger, credit notes, payouts, reconciliation.

Entries booked before have no merchant's date: they get the date in UTC. Nothing that was booked changes its accounts or amounts.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_FACTS = """
CREATE TABLE refund_facts (
    refund_id uuid NOT NULL REFERENCES refunds,
    position bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    submission_id uuid,
    actor text NOT NULL,
    code text NOT NULL DEFAULT '',
    amount_minor bigint,
    happened_at timestamptz NOT NULL,
    PRIMARY KEY (refund_id, position)
);
CREATE FUNCTION facts_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what happened to a refund stays on record: add what happened since' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refund_facts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON refund_facts
    FOR EACH STATEMENT EXECUTE FUNCTION facts_are_append_only();
INSERT INTO refund_facts (refund_id, kind, submission_id, actor, code, amount_minor, happened_at)
SELECT refund_id, kind, submission_id, actor, code, amount_minor, happened_at FROM (
    SELECT refund_id, CASE state WHEN 'refused' THEN 'refused' ELSE 'requested' END AS kind, NULL::uuid AS submission_id, approver AS actor,
        CASE state WHEN 'refused' THEN code ELSE '' END AS code, amount_minor, requested_at AS happened_at, 1 AS place FROM refunds
    UNION ALL SELECT refund_id, 'attempt_committed', submission_id, ordered_by, '', amount_minor, created_at, 2 FROM refund_submissions
    UNION ALL SELECT refund_id, 'submitted', submission_id, 'provider', '', amount_minor, submitted_at, 3
        FROM refund_submissions WHERE submitted_at IS NOT NULL
    UNION ALL SELECT refund_id, state, submission_id, 'provider', coalesce(failure_code, ''), amount_minor, ended_at, 4
        FROM refund_submissions WHERE ended_at IS NOT NULL
    UNION ALL SELECT refund_id, 'settled', NULL, 'system', code, amount_minor, settled_at, 5 FROM refunds WHERE settled_at IS NOT NULL
    UNION ALL SELECT refund_id, CASE state WHEN 'failed' THEN 'given_up' ELSE 'needs_person' END, NULL,
        CASE state WHEN 'failed' THEN 'finance' ELSE 'system' END, code, amount_minor,
        coalesce((SELECT max(ended_at) FROM refund_submissions AS last WHERE last.refund_id = refunds.refund_id), requested_at), 6
        FROM refunds WHERE state IN ('failed', 'stuck')
) AS told ORDER BY happened_at, place
"""

_REVERSALS = """
ALTER TABLE refunds ADD COLUMN settlements integer NOT NULL DEFAULT 0;
UPDATE refunds SET settlements = 1 WHERE state = 'settled' AND amount_minor > 0;
ALTER TABLE refund_submissions ADD COLUMN entry_id uuid, ADD COLUMN reversed_at timestamptz;
ALTER TABLE refund_submissions DROP CONSTRAINT refund_submissions_state_check;
ALTER TABLE refund_submissions ADD CONSTRAINT refund_submissions_state_check
    CHECK (state IN ('created', 'unknown', 'submitted', 'succeeded', 'failed', 'reversed'));
DROP INDEX one_live_submission;
CREATE UNIQUE INDEX one_live_submission ON refund_submissions (refund_id, payment_id) WHERE state NOT IN ('failed', 'reversed');
DROP INDEX refund_submissions_ended;
CREATE INDEX refund_submissions_ended ON refund_submissions (provider, ended_at) WHERE state IN ('succeeded', 'reversed');
CREATE INDEX refund_submissions_reversed ON refund_submissions (provider, reversed_at) WHERE state = 'reversed'
"""

# Rows of the ledger are never written again, by privilege and by trigger. A foreign key would lock the entry's row for each line, which takes the
# privilege to update it; so the trigger that looks whether an entry balances looks for the entry as well, and whether it has the lines it was posted with.
_LEDGER = """
ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_stay;
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_kind_check;
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_refund_id_kind_key;
ALTER TABLE ledger_entries ALTER COLUMN refund_id DROP NOT NULL;
ALTER TABLE ledger_entries
    ADD COLUMN payout_id uuid, ADD COLUMN case_id uuid, ADD COLUMN case_number text, ADD COLUMN order_number text,
    ADD COLUMN accounting_date date, ADD COLUMN document text NOT NULL DEFAULT '', ADD COLUMN reason text NOT NULL DEFAULT '',
    ADD COLUMN posted_by text NOT NULL DEFAULT 'system', ADD COLUMN test boolean, ADD COLUMN line_count integer;
UPDATE ledger_entries AS entry SET case_id = refund.case_id, case_number = refund.case_number, order_number = refund.order_number,
    accounting_date = (entry.posted_at AT TIME ZONE 'UTC')::date, reason = refund.reason, test = refund.test,
    line_count = (SELECT count(*) FROM ledger_lines AS line WHERE line.entry_id = entry.entry_id)
FROM refunds AS refund WHERE refund.refund_id = entry.refund_id;
UPDATE refund_submissions AS paid SET entry_id = entry.entry_id FROM ledger_entries AS entry
WHERE entry.refund_id = paid.refund_id AND paid.state = 'succeeded';
ALTER TABLE ledger_entries
    ALTER COLUMN case_id SET NOT NULL, ALTER COLUMN case_number SET NOT NULL, ALTER COLUMN order_number SET NOT NULL,
    ALTER COLUMN accounting_date SET NOT NULL, ALTER COLUMN test SET NOT NULL,
    ALTER COLUMN line_count SET NOT NULL,
    ADD CONSTRAINT ledger_entries_kind_check
        CHECK (kind IN ('refund_settled', 'refund_reversed', 'refund_repaid', 'refund_given_up', 'payout_paid', 'payout_returned', 'manual'));
ALTER TABLE ledger_entries ENABLE TRIGGER ledger_entries_stay;
CREATE INDEX ledger_entries_by_date ON ledger_entries (merchant_id, accounting_date, posted_at, entry_id);
CREATE INDEX ledger_entries_by_posting ON ledger_entries (posted_at, entry_id);
CREATE INDEX ledger_entries_by_refund ON ledger_entries (refund_id) WHERE refund_id IS NOT NULL;
ALTER TABLE ledger_lines ADD COLUMN tax_rate_ppm integer;
ALTER TABLE ledger_lines DROP CONSTRAINT ledger_lines_entry_id_fkey;
CREATE OR REPLACE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE expected integer; lines integer; total bigint;
BEGIN
    SELECT line_count INTO expected FROM ledger_entries WHERE entry_id = NEW.entry_id;
    IF expected IS NULL THEN
        RAISE EXCEPTION 'ledger lines without an entry: %', NEW.entry_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    SELECT count(*), coalesce(sum(amount_minor), 0) INTO lines, total FROM ledger_lines WHERE entry_id = NEW.entry_id;
    IF lines < 2 OR lines <> expected OR total <> 0 THEN
        RAISE EXCEPTION 'ledger entry % does not balance: % lines, sum %', NEW.entry_id, lines, total USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entries, ledger_lines, refund_facts FROM CURRENT_USER, PUBLIC
"""

# One row per merchant and mode holds the last number given; a transaction that fails takes its number back, so that none is missing.
_CREDIT_NOTES = """
CREATE TABLE credit_note_numbers (
    merchant_id text NOT NULL,
    test boolean NOT NULL,
    last_sequence integer NOT NULL,
    PRIMARY KEY (merchant_id, test)
);
CREATE TABLE credit_notes (
    merchant_id text NOT NULL,
    test boolean NOT NULL,
    sequence integer NOT NULL CHECK (sequence >= 1),
    number text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('credit_note', 'cancellation')),
    refund_id uuid NOT NULL REFERENCES refunds,
    issued_on date NOT NULL,
    issued_at timestamptz NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (merchant_id, test, sequence),
    UNIQUE (merchant_id, number),
    UNIQUE (refund_id, kind)
);
CREATE FUNCTION credit_notes_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an issued credit note is final: issue a cancellation instead' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER credit_notes_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_notes
    FOR EACH STATEMENT EXECUTE FUNCTION credit_notes_are_final();
REVOKE UPDATE, DELETE, TRUNCATE ON credit_notes FROM CURRENT_USER, PUBLIC
"""

_PAYOUTS = """
CREATE TABLE payouts (
    payout_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('refund', 'freight_topup', 'ceiling_compensation', 'legal_settlement')),
    refund_id uuid REFERENCES refunds,
    case_id uuid NOT NULL,
    case_number text NOT NULL,
    merchant_id text NOT NULL,
    order_id uuid NOT NULL,
    order_number text NOT NULL,
    customer_ref uuid NOT NULL,
    test boolean NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reason text NOT NULL,
    rule text NOT NULL,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'paid', 'returned', 'failed', 'cancelled')),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    document text NOT NULL DEFAULT '',
    code text NOT NULL DEFAULT '',
    ended_by text,
    ended_at timestamptz,
    returned_by text,
    returned_at timestamptz,
    CONSTRAINT payout_of_refund CHECK ((kind = 'refund') = (refund_id IS NOT NULL)),
    CONSTRAINT payout_ends_whole CHECK ((state = 'requested') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT payout_paid_with_document CHECK (state NOT IN ('paid', 'returned') OR document <> ''),
    CONSTRAINT payout_requester_does_not_pay CHECK (state NOT IN ('paid', 'returned') OR ended_by <> requested_by),
    CONSTRAINT payout_returned_whole CHECK ((state = 'returned') = (returned_at IS NOT NULL) AND (returned_at IS NULL) = (returned_by IS NULL))
);
CREATE INDEX payouts_by_merchant ON payouts (merchant_id, requested_at, payout_id);
CREATE INDEX payouts_by_case ON payouts (case_id);
CREATE UNIQUE INDEX one_payout_a_document ON payouts (merchant_id, document) WHERE state IN ('paid', 'returned');
CREATE UNIQUE INDEX one_open_payout ON payouts (case_id, kind, amount_minor) WHERE state = 'requested' AND refund_id IS NULL
"""

# What the provider has and nobody here knows of belongs to no case, perhaps to no merchant.
_RECONCILIATION = """
ALTER TABLE work_items ALTER COLUMN case_id DROP NOT NULL, ALTER COLUMN case_number DROP NOT NULL, ALTER COLUMN merchant_id DROP NOT NULL;
CREATE INDEX work_items_breaks ON work_items (kind, opened_at) WHERE state = 'open' AND kind LIKE 'reconciliation\\_%';
CREATE TABLE settlement_lines (
    subject text NOT NULL,
    day date NOT NULL,
    position integer NOT NULL,
    reference text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('refund', 'reversal')),
    provider_refund_id text NOT NULL,
    submission_id uuid,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    settled_at timestamptz NOT NULL,
    PRIMARY KEY (subject, day, position)
);
CREATE INDEX settlement_lines_submission ON settlement_lines (submission_id) WHERE submission_id IS NOT NULL;
CREATE TABLE reconciliations (
    day date NOT NULL,
    subject text NOT NULL,
    result jsonb NOT NULL,
    final boolean NOT NULL,
    run_at timestamptz NOT NULL,
    PRIMARY KEY (day, subject)
)
"""


def upgrade() -> None:
    for part in (_FACTS, _REVERSALS, _LEDGER, _CREDIT_NOTES, _PAYOUTS, _RECONCILIATION):
        op.execute(part)
