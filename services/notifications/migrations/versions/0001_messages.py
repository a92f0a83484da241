"""Contacts, the message log and agent tasks."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.execute("""
        CREATE TABLE contacts (
            customer_ref    uuid PRIMARY KEY,
            merchant_id     text NOT NULL,
            contact_version bigint NOT NULL,
            name            text NOT NULL DEFAULT '',
            email           text,
            locale          text,
            recorded_at     timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE messages (
            message_id   uuid PRIMARY KEY,
            position     bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            merchant_id  text NOT NULL,
            test         boolean NOT NULL,
            case_id      uuid NOT NULL,
            case_number  text NOT NULL,
            customer_ref uuid NOT NULL,
            moment       text NOT NULL,
            sequence     integer NOT NULL,
            audience     text NOT NULL CHECK (audience IN ('customer', 'staff')),
            locale       text NOT NULL,
            facts        jsonb NOT NULL,
            state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'in_app', 'failed')),
            attempts     integer NOT NULL DEFAULT 0,
            due_at       timestamptz NOT NULL,
            created_at   timestamptz NOT NULL,
            sent_at      timestamptz,
            failure      text,
            subject      text,
            text         text,
            UNIQUE (case_id, moment, sequence)
        )
    """)
    op.execute("CREATE INDEX messages_pending ON messages (due_at) WHERE state = 'pending'")
    op.execute("CREATE INDEX messages_case_order ON messages (case_id, position) WHERE state = 'pending'")
    op.execute("CREATE INDEX messages_of_customer ON messages (customer_ref)")
    op.execute("CREATE INDEX messages_of_merchant ON messages (merchant_id, position)")
    op.execute("""
        CREATE TABLE agent_tasks (
            task_id      uuid PRIMARY KEY,
            merchant_id  text NOT NULL,
            case_id      uuid NOT NULL,
            case_number  text NOT NULL,
            customer_ref uuid NOT NULL,
            reason       text NOT NULL,
            opened_at    timestamptz NOT NULL,
            done_at      timestamptz,
            done_by      text
        )
    """)
    op.execute("CREATE INDEX agent_tasks_open ON agent_tasks (merchant_id, opened_at) WHERE done_at IS NULL")
