"""Orders, contacts, cases with their lines, texts, evidence, refunds and timeline, and the counters of identity checks."""

from alembic import op

revision = "0001"
down_revision = None

ORDERS = """
CREATE TABLE orders (
    order_id      uuid        PRIMARY KEY,
    merchant_id   text        NOT NULL,
    number        text        NOT NULL,
    order_version bigint      NOT NULL,
    customer_ref  uuid        NOT NULL,
    fingerprint   bytea       NOT NULL,
    identity      text[]      NOT NULL DEFAULT '{}',
    locale        text,
    placed_at     timestamptz NOT NULL,
    snapshot      jsonb       NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_customer ON orders (customer_ref);
COMMENT ON COLUMN orders.identity IS 'keyed hashes of phone, mail and postcode (R-SEC-01)';
COMMENT ON COLUMN orders.fingerprint IS 'keyed hash of the body as it was sent';

CREATE TABLE contacts (
    customer_ref    uuid        PRIMARY KEY,
    merchant_id     text        NOT NULL,
    contact_version bigint      NOT NULL DEFAULT 1,
    fingerprint     bytea,
    as_of           timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL,
    erased_at       timestamptz
);
COMMENT ON TABLE contacts IS 'that a contact was published, never the contact itself';
"""

CASES = """
CREATE TABLE case_counters (
    merchant_id text    NOT NULL,
    year        integer NOT NULL,
    last        bigint  NOT NULL,
    PRIMARY KEY (merchant_id, year)
);

CREATE TABLE cases (
    case_id            uuid        PRIMARY KEY,
    merchant_id        text        NOT NULL,
    case_number        text        NOT NULL,
    order_id           uuid        NOT NULL,
    order_number       text        NOT NULL,
    customer_ref       uuid        NOT NULL,
    scene              text        NOT NULL,
    linked_scenes      text[]      NOT NULL DEFAULT '{}',
    currency           text        NOT NULL,
    locale             text        NOT NULL,
    channel            text        NOT NULL,
    opened_by          jsonb       NOT NULL,
    wanted_remedy      text,
    application_number integer     NOT NULL,
    hazard_hints       text[]      NOT NULL DEFAULT '{}',
    requested_at       timestamptz NOT NULL,
    opened_at          timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    test               boolean     NOT NULL,
    status             text        NOT NULL,
    version            bigint      NOT NULL DEFAULT 1,
    view               jsonb       NOT NULL,
    UNIQUE (merchant_id, case_number)
) WITH (fillfactor = 80);
CREATE INDEX cases_newest ON cases (merchant_id, opened_at DESC, case_id DESC);
CREATE INDEX cases_customer ON cases (customer_ref);
CREATE INDEX cases_order ON cases (order_id);

CREATE TABLE case_lines (
    case_id     uuid    NOT NULL REFERENCES cases,
    line_id     text    NOT NULL,
    order_id    uuid    NOT NULL,
    scene_group text    NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    settled     integer NOT NULL DEFAULT 0 CHECK (settled >= 0),
    open        boolean NOT NULL DEFAULT true,
    PRIMARY KEY (case_id, line_id)
);
CREATE INDEX case_lines_order ON case_lines (order_id);

CREATE TABLE case_texts (
    text_id    uuid        PRIMARY KEY,
    case_id    uuid        NOT NULL REFERENCES cases,
    author     text        NOT NULL,
    body       text,
    written_at timestamptz NOT NULL
);
CREATE INDEX case_texts_case ON case_texts (case_id);

CREATE TABLE case_evidence (
    evidence_id uuid        PRIMARY KEY,
    case_id     uuid        NOT NULL REFERENCES cases,
    kind        text        NOT NULL,
    shows       text        NOT NULL,
    sha256      text        NOT NULL,
    media_type  text        NOT NULL,
    size_bytes  bigint      NOT NULL,
    received_at timestamptz NOT NULL,
    UNIQUE (case_id, sha256)
);
CREATE INDEX case_evidence_sha256 ON case_evidence (sha256);

CREATE TABLE case_refunds (
    refund_id    uuid        PRIMARY KEY,
    case_id      uuid        NOT NULL REFERENCES cases,
    amount_minor bigint      NOT NULL,
    currency     text        NOT NULL,
    state        text        NOT NULL,
    sequence     bigint      NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE INDEX case_refunds_case ON case_refunds (case_id);

CREATE TABLE case_timeline (
    event_id uuid        PRIMARY KEY,
    case_id  uuid        NOT NULL,
    at       timestamptz NOT NULL,
    code     text        NOT NULL,
    data     jsonb       NOT NULL DEFAULT '{}',
    internal boolean     NOT NULL DEFAULT false
);
CREATE INDEX case_timeline_case ON case_timeline (case_id, at);
"""

# A function, because its second statement sees what was committed while the first waited for the order's lock; one statement would not.
ORDER_FOR_CASE = """
CREATE FUNCTION order_for_case(p_order_id uuid)
RETURNS TABLE (snapshot jsonb, order_locale text, claims jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM orders WHERE orders.order_id = p_order_id FOR NO KEY UPDATE;
    RETURN QUERY
    SELECT o.snapshot, o.locale, (
        SELECT jsonb_agg(jsonb_build_array(l.case_id, c.case_number, l.scene_group, l.line_id, l.quantity, l.settled, l.open) ORDER BY c.opened_at)
        FROM case_lines l JOIN cases c USING (case_id)
        WHERE l.order_id = p_order_id)
    FROM orders o WHERE o.order_id = p_order_id;
END
$$;
"""

IDENTITY = """
CREATE TABLE identity_checks (
    subject         bytea       PRIMARY KEY,
    failures        integer     NOT NULL DEFAULT 0,
    first_failed_at timestamptz,
    locked_until    timestamptz,
    checked_at      timestamptz NOT NULL
);
"""


def upgrade() -> None:
    for statement in (ORDERS, CASES, ORDER_FOR_CASE, IDENTITY):
        op.execute(statement)
