"""Cases, the facts heard of them, what was decided, offered and carried out, the tasks for people, and the results of operations already done."""

from alembic import op

revision = "0001"
down_revision = None

CASES = """
CREATE TABLE cases (
    case_id         uuid        PRIMARY KEY,
    merchant_id     text        NOT NULL,
    case_number     text        NOT NULL,
    order_id        uuid        NOT NULL,
    order_number    text        NOT NULL,
    customer_ref    uuid        NOT NULL,
    locale          text        NOT NULL,
    currency        text        NOT NULL,
    test            boolean     NOT NULL,
    scene           text        NOT NULL,
    status          text        NOT NULL,
    progress        jsonb       NOT NULL,
    opened          jsonb       NOT NULL,
    policy_version  text,
    priority        text,
    run_number      integer     NOT NULL DEFAULT 0,
    run_started_at  timestamptz NOT NULL,
    reopen_number   integer     NOT NULL DEFAULT 0,
    resume_offer    boolean     NOT NULL DEFAULT false,
    workflow_open   boolean     NOT NULL DEFAULT true,
    active_workflow text,
    request_number  integer     NOT NULL DEFAULT 0,
    remedy_ordinal  integer     NOT NULL DEFAULT 0,
    outcome         text,
    agreed_option   text,
    refunded_minor  bigint      NOT NULL DEFAULT 0,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz,
    UNIQUE (merchant_id, case_number)
) WITH (fillfactor = 70);
CREATE INDEX cases_open ON cases (case_id) WHERE workflow_open;
CREATE INDEX cases_order ON cases (order_id);
"""

FACTS = """
CREATE TABLE case_facts (
    event_id    uuid        PRIMARY KEY,
    case_id     uuid        NOT NULL REFERENCES cases,
    kind        text        NOT NULL,
    workflow_id text        NOT NULL,
    body        jsonb       NOT NULL,
    run_number  integer     NOT NULL,
    occurred_at timestamptz NOT NULL,
    position    bigint      GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX case_facts_case ON case_facts (case_id, position);
"""

DECISIONS = """
CREATE TABLE decisions (
    decision_id    uuid        PRIMARY KEY,
    case_id        uuid        NOT NULL REFERENCES cases,
    merchant_id    text        NOT NULL,
    policy_version text        NOT NULL,
    facts          jsonb       NOT NULL,
    decision       jsonb       NOT NULL,
    decided_at     timestamptz NOT NULL
);
CREATE INDEX decisions_case ON decisions (case_id, decided_at);

CREATE TABLE offers (
    offer_id       uuid        PRIMARY KEY,
    case_id        uuid        NOT NULL REFERENCES cases,
    decision_id    uuid        NOT NULL REFERENCES decisions,
    number         integer     NOT NULL,
    policy_version text        NOT NULL,
    options        jsonb       NOT NULL,
    automatic      text,
    valid_until    timestamptz NOT NULL,
    remind_at      timestamptz,
    state          text        NOT NULL CHECK (state IN ('open', 'chosen', 'rejected', 'expired', 'superseded')),
    chosen_option  text,
    made_at        timestamptz NOT NULL,
    answered_at    timestamptz,
    UNIQUE (case_id, number)
);
"""

SETTLED = """
CREATE TABLE settled_units (
    case_id        uuid    NOT NULL REFERENCES cases,
    remedy_ordinal integer NOT NULL,
    order_id       uuid    NOT NULL,
    line_id        text    NOT NULL,
    quantity       integer NOT NULL,
    remedy         text    NOT NULL,
    merchant_fault boolean NOT NULL,
    PRIMARY KEY (case_id, remedy_ordinal, line_id, remedy)
);
CREATE INDEX settled_units_order ON settled_units (order_id);
"""

WORK = """
CREATE TABLE work_items (
    work_item_id uuid        PRIMARY KEY,
    case_id      uuid        NOT NULL REFERENCES cases,
    merchant_id  text        NOT NULL,
    case_number  text        NOT NULL,
    kind         text        NOT NULL,
    role         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
    detail       jsonb       NOT NULL,
    workflow_id  text,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz,
    resolved_at  timestamptz,
    resolved_by  text,
    resolution   text
);
CREATE INDEX work_items_open ON work_items (merchant_id, role, opened_at) WHERE state = 'open';
CREATE INDEX work_items_case ON work_items (case_id);

CREATE TABLE operations (
    operation_id uuid        PRIMARY KEY,
    case_id      uuid        NOT NULL REFERENCES cases,
    result       jsonb       NOT NULL,
    done_at      timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    for statement in (CASES, FACTS, DECISIONS, SETTLED, WORK):
        op.execute(statement)
