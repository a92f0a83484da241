"""Claiming deliveries as a function, which is planned once a session: as a statement it was planned anew each time, which took longer than running it."""

from alembic import op

revision = "0005"
down_revision = "0004"

# Only the oldest pending delivery of a key may be claimed, so order holds whoever delivers; the lease outlives the delivery's time limit. Neither marks nor
# claims need wait for the disk: what is lost with the power is delivered again. A plan for the whole session must not be made for the table as it is at first,
# when reading all of it is cheapest; and as an array what may be claimed is looked for once, whatever the plan.
DELIVERY_CLAIM = """
CREATE FUNCTION delivery_claim(p_delivered bigint[], p_most integer, p_lease_seconds double precision)
RETURNS TABLE (id bigint, event_id uuid, key text, kind text, payload jsonb, attempts integer)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF p_delivered <> '{}' THEN
        UPDATE delivery SET delivered_at = clock_timestamp(), leased_until = NULL, last_error = NULL WHERE id = ANY (p_delivered);
    END IF;
    RETURN QUERY
    UPDATE delivery AS claimed SET leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds), attempts = attempts + 1
    WHERE id = ANY (ARRAY(
        SELECT id FROM delivery AS head
        WHERE delivered_at IS NULL AND next_attempt_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until < clock_timestamp())
          AND NOT EXISTS (SELECT FROM delivery AS earlier WHERE earlier.key = head.key AND earlier.id < head.id AND earlier.delivered_at IS NULL)
        ORDER BY id LIMIT p_most FOR UPDATE SKIP LOCKED))
    RETURNING claimed.id, claimed.event_id, claimed.key, claimed.kind, claimed.payload, claimed.attempts;
END
$$;
"""


def upgrade() -> None:
    op.execute(DELIVERY_CLAIM)
