"""Outbox, inbox, quarantine, deliveries and idempotency keys: the tables behind "no case is lost"."""

from alembic import op

revision = "0001"
down_revision = None

OUTBOX = """
CREATE TABLE outbox_sequence (
    topic         text   NOT NULL,
    key           text   NOT NULL,
    last_sequence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, key)
) WITH (fillfactor = 70);

CREATE TABLE outbox (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid        NOT NULL UNIQUE,
    event_type   text        NOT NULL,
    source       text        NOT NULL,
    topic        text        NOT NULL,
    key          text        NOT NULL,
    sequence     bigint      NOT NULL,
    merchant_id  text        NOT NULL,
    test         boolean     NOT NULL,
    occurred_at  timestamptz NOT NULL,
    trace_parent text,
    value        bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    sent_at      timestamptz
);
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
CREATE INDEX outbox_created ON outbox USING brin (created_at);
"""

# A function, because its statements each see what was committed while they waited for the key's lock; one statement would not.
OUTBOX_APPEND = """
CREATE FUNCTION outbox_append(
    p_event_ids uuid[], p_event_types text[], p_sources text[], p_topics text[], p_keys text[],
    p_merchant_ids text[], p_tests boolean[], p_occurred_at timestamptz[], p_trace_parents text[], p_values bytea[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    written integer;
BEGIN
    INSERT INTO outbox_sequence (topic, key)
    SELECT DISTINCT topic, key FROM unnest(p_topics, p_keys) AS wanted (topic, key) ORDER BY topic, key
    ON CONFLICT (topic, key) DO NOTHING;

    PERFORM FROM outbox_sequence
    WHERE (topic, key) IN (SELECT * FROM unnest(p_topics, p_keys))
    ORDER BY topic, key
    FOR NO KEY UPDATE;

    WITH fresh AS (
        SELECT event.*, row_number() OVER (PARTITION BY topic, key ORDER BY position) AS nth
        FROM unnest(p_event_ids, p_event_types, p_sources, p_topics, p_keys, p_merchant_ids, p_tests, p_occurred_at, p_trace_parents, p_values)
             WITH ORDINALITY
             AS event (event_id, event_type, source, topic, key, merchant_id, test, occurred_at, trace_parent, value, position)
        WHERE NOT EXISTS (SELECT FROM outbox AS written WHERE written.event_id = event.event_id)
    ), advanced AS (
        UPDATE outbox_sequence AS counter
        SET last_sequence = counter.last_sequence + added.count
        FROM (SELECT topic, key, count(*) AS count FROM fresh GROUP BY topic, key) AS added
        WHERE counter.topic = added.topic AND counter.key = added.key
        RETURNING counter.topic, counter.key, counter.last_sequence - added.count AS base
    )
    INSERT INTO outbox (event_id, event_type, source, topic, key, sequence, merchant_id, test, occurred_at, trace_parent, value)
    SELECT event_id, event_type, source, topic, key, base + nth, merchant_id, test, occurred_at, trace_parent, value
    FROM fresh JOIN advanced USING (topic, key)
    ORDER BY position;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
"""

INBOX = """
CREATE TABLE inbox (
    event_id    uuid        PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE inbox_sequence (
    topic         text   NOT NULL,
    key           text   NOT NULL,
    last_sequence bigint NOT NULL,
    PRIMARY KEY (topic, key)
) WITH (fillfactor = 70);
"""

QUARANTINE = """
CREATE TABLE quarantine (
    id                  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic               text        NOT NULL,
    partition           integer     NOT NULL,
    "offset"            bigint      NOT NULL,
    record_time         timestamptz NOT NULL,
    key                 bytea,
    value               bytea,
    header_names        text[]      NOT NULL,
    header_values       bytea[]     NOT NULL,
    hold_key            text,
    event_id            uuid,
    kind                text        NOT NULL CHECK (kind IN ('malformed', 'unknown_type', 'permanent', 'unexpected', 'held')),
    reason              text        NOT NULL,
    quarantined_at      timestamptz NOT NULL DEFAULT now(),
    attempts            integer     NOT NULL DEFAULT 0,
    replay_requested_at timestamptz,
    resolved_at         timestamptz,
    resolution          text        CHECK (resolution IN ('replayed', 'dropped')),
    resolution_reason   text,
    CHECK ((resolved_at IS NULL) = (resolution IS NULL)),
    UNIQUE (topic, partition, "offset", record_time)
);
CREATE INDEX quarantine_open_keys ON quarantine (topic, hold_key, id) WHERE resolved_at IS NULL;
"""

DELIVERY = """
CREATE TABLE delivery (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid        NOT NULL,
    key             text        NOT NULL,
    kind            text        NOT NULL,
    payload         jsonb       NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    leased_until    timestamptz,
    last_error      text,
    delivered_at    timestamptz,
    UNIQUE (event_id, kind)
);
CREATE INDEX delivery_pending ON delivery (id) WHERE delivered_at IS NULL;
CREATE INDEX delivery_pending_keys ON delivery (key, id) WHERE delivered_at IS NULL;
CREATE INDEX delivery_created ON delivery USING brin (created_at);
"""

IDEMPOTENCY = """
CREATE TABLE idempotency_key (
    merchant_id  text        NOT NULL,
    caller       text        NOT NULL,
    route        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    status       integer,
    headers      jsonb,
    body         bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, caller, route, key)
);
CREATE INDEX idempotency_key_created ON idempotency_key USING brin (created_at);
"""


def upgrade() -> None:
    for statements in (OUTBOX, OUTBOX_APPEND, INBOX, QUARANTINE, DELIVERY, IDEMPOTENCY):
        op.execute(statements)
