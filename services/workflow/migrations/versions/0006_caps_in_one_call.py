"""Functions that write an order's caps and count against them: they say which rule of the tables said no, instead of breaking the caller's transaction.

A savepoint of the caller does the same in two more round trips.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(_WRITE)
    op.execute(_COUNT)


# What an order no longer names keeps its row with nothing available, so that a reservation on it breaks the constraint instead of vanishing.
_WRITE = """
CREATE FUNCTION write_caps(
    of_order uuid, payments text[], payment_minor bigint[], lines text[], line_units integer[], line_minor bigint[], freight text[], freight_minor bigint[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    UPDATE payment_caps SET available_minor = 0 WHERE order_id = of_order AND payment_id <> ALL (payments);
    UPDATE line_caps SET available_minor = 0, units = 0 WHERE order_id = of_order AND line_id <> ALL (lines);
    UPDATE freight_caps SET available_minor = 0 WHERE order_id = of_order AND freight_id <> ALL (freight);
    INSERT INTO payment_caps (order_id, payment_id, available_minor) SELECT of_order, told.* FROM unnest(payments, payment_minor) AS told
    ON CONFLICT (order_id, payment_id) DO UPDATE SET available_minor = excluded.available_minor;
    INSERT INTO line_caps (order_id, line_id, units, available_minor) SELECT of_order, told.* FROM unnest(lines, line_units, line_minor) AS told
    ON CONFLICT (order_id, line_id) DO UPDATE SET units = excluded.units, available_minor = excluded.available_minor;
    INSERT INTO freight_caps (order_id, freight_id, available_minor) SELECT of_order, told.* FROM unnest(freight, freight_minor) AS told
    ON CONFLICT (order_id, freight_id) DO UPDATE SET available_minor = excluded.available_minor;
    UPDATE orders SET capped = true WHERE order_id = of_order;
    RETURN NULL;
EXCEPTION WHEN check_violation THEN
    GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
    RETURN coalesce(nullif(broken, ''), 'unnamed');
END
$$
"""

_COUNT = """
CREATE FUNCTION count_caps(
    of_order uuid, payments text[], payment_minor bigint[], lines text[], line_units integer[], line_minor bigint[], compensated_units integer[],
    compensated bigint[], freight text[], freight_minor bigint[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    UPDATE payment_caps SET reserved_minor = reserved_minor + asked.amount
    FROM unnest(payments, payment_minor) AS asked (id, amount) WHERE order_id = of_order AND payment_id = asked.id;
    UPDATE line_caps SET units_refunded = units_refunded + asked.units, refunded_minor = refunded_minor + asked.amount,
        units_compensated = units_compensated + asked.compensated, compensated_minor = compensated_minor + asked.money
    FROM unnest(lines, line_units, line_minor, compensated_units, compensated) AS asked (id, units, amount, compensated, money)
    WHERE order_id = of_order AND line_id = asked.id;
    UPDATE freight_caps SET reserved_minor = reserved_minor + asked.amount
    FROM unnest(freight, freight_minor) AS asked (id, amount) WHERE order_id = of_order AND freight_id = asked.id;
    RETURN NULL;
EXCEPTION WHEN check_violation THEN
    GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
    RETURN coalesce(nullif(broken, ''), 'unnamed');
END
$$
"""
