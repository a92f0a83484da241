"""Opening a case in one statement, and the claims on an order in one place."""

from alembic import op

revision = "0003"
down_revision = "0002"

# Most orders have no claims, and to see that alone is quicker by far than to add none of them up.
ORDER_CLAIMS = """
CREATE FUNCTION order_claims(p_order_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM case_lines WHERE order_id = p_order_id) THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT jsonb_agg(
            jsonb_build_array(l.case_id, c.case_number, l.scene_group, l.line_id, l.quantity, l.settled, l.open)
            ORDER BY c.opened_at, l.case_id, l.line_id)
        FROM case_lines l JOIN cases c USING (case_id)
        WHERE l.order_id = p_order_id);
END
$$;
COMMENT ON FUNCTION order_claims IS 'all claims on an order, oldest first; null where there are none';
"""

# A function, because its second statement sees what was committed while the first waited for the order's lock; one statement would not.
ORDER_FOR_CASE = """
CREATE OR REPLACE FUNCTION order_for_case(p_order_id uuid)
RETURNS TABLE (snapshot jsonb, order_locale text, claims jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM orders WHERE orders.order_id = p_order_id FOR NO KEY UPDATE;
    RETURN QUERY SELECT o.snapshot, o.locale, order_claims(p_order_id) FROM orders o WHERE o.order_id = p_order_id;
END
$$;
"""

# Locks are taken in the order in which a transaction of several statements takes them: key, order, outbox. Where the order or its claims are no longer
# what the case was judged by, an error leaves nothing of it, the key included.
OPEN_CASE = """
CREATE FUNCTION open_case(
    p_merchant_id text, p_caller text, p_route text, p_key text, p_request_hash bytea, p_status integer, p_headers jsonb, p_body bytea,
    p_order_version bigint, p_claims jsonb,
    p_case_id uuid, p_case_number text, p_order_id uuid, p_order_number text, p_customer_ref uuid, p_scene text, p_currency text,
    p_locale text, p_channel text, p_opened_by jsonb, p_wanted_remedy text, p_application_number integer, p_hazard_hints text[],
    p_requested_at timestamptz, p_opened_at timestamptz, p_test boolean, p_case_status text, p_view bytea, p_scene_group text,
    p_line_ids text[], p_quantities integer[], p_text_id uuid, p_text_author text, p_text_body text,
    p_event_id uuid, p_event_type text, p_source text, p_topic text, p_event_key text, p_trace_parent text, p_value bytea
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT idempotency_take(p_merchant_id, p_caller, p_route, p_key, p_request_hash, p_status, p_headers, p_body) THEN
        RETURN false;
    END IF;

    PERFORM FROM orders WHERE order_id = p_order_id AND order_version = p_order_version FOR NO KEY UPDATE;
    IF NOT FOUND OR order_claims(p_order_id) IS DISTINCT FROM p_claims THEN
        RAISE EXCEPTION 'the order or its claims have changed' USING ERRCODE = 'serialization_failure';
    END IF;

    INSERT INTO cases (case_id, merchant_id, case_number, order_id, order_number, customer_ref, scene, currency, locale, channel, opened_by,
                       wanted_remedy, application_number, hazard_hints, requested_at, opened_at, updated_at, test, status, view)
    VALUES (p_case_id, p_merchant_id, p_case_number, p_order_id, p_order_number, p_customer_ref, p_scene, p_currency, p_locale, p_channel, p_opened_by,
            p_wanted_remedy, p_application_number, p_hazard_hints, p_requested_at, p_opened_at, p_opened_at, p_test, p_case_status, p_view);

    FOR place IN 1 .. cardinality(p_line_ids) LOOP
        INSERT INTO case_lines (case_id, line_id, order_id, scene_group, quantity)
        VALUES (p_case_id, p_line_ids[place], p_order_id, p_scene_group, p_quantities[place]);
    END LOOP;

    IF p_text_id IS NOT NULL THEN
        INSERT INTO case_texts (text_id, case_id, author, body, written_at)
        VALUES (p_text_id, p_case_id, p_text_author, p_text_body, p_opened_at);
    END IF;

    PERFORM outbox_append(
        ARRAY[p_event_id], ARRAY[p_event_type], ARRAY[p_source], ARRAY[p_topic], ARRAY[p_event_key],
        ARRAY[p_merchant_id], ARRAY[p_test], ARRAY[p_opened_at], ARRAY[p_trace_parent], ARRAY[p_value]);
    RETURN true;
END
$$;
COMMENT ON FUNCTION open_case IS 'false, and nothing written, where the idempotency key is taken; serialization_failure where the order has changed';
"""


def upgrade() -> None:
    for statement in (ORDER_CLAIMS, ORDER_FOR_CASE, OPEN_CASE):
        op.execute(statement)
