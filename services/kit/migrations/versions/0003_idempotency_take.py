"""Taking an idempotency key as a function: commands take it in a statement of its own, and what is one statement as a whole takes it there."""

from alembic import op

revision = "0003"
down_revision = "0002"

# A concurrent request waits at the insert until the first has committed or failed. With an answer, key and answer are one row version instead of two.
IDEMPOTENCY_TAKE = """
CREATE FUNCTION idempotency_take(
    p_merchant_id text, p_caller text, p_route text, p_key text, p_request_hash bytea,
    p_status integer DEFAULT NULL, p_headers jsonb DEFAULT NULL, p_body bytea DEFAULT NULL
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO idempotency_key (merchant_id, caller, route, key, request_hash, status, headers, body)
    VALUES (p_merchant_id, p_caller, p_route, p_key, p_request_hash, p_status, p_headers, p_body)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
"""


def upgrade() -> None:
    op.execute(IDEMPOTENCY_TAKE)
