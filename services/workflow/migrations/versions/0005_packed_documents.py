"""The documents of cases, decisions, offers, facts, refunds and credit notes are packed (``services.kit.packing``).

Those of before stay as the plain JSON that packing reads, too. What is looked for of a decision becomes a column. Results of operations are looked for by
their age, to be forgotten.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_PACKED = {
    "cases": ("opened",),
    "decisions": ("facts", "decision"),
    "offers": ("options",),
    "case_facts": ("body",),
    "refunds": ("process", "quote"),
    "credit_notes": ("document",),
}


def upgrade() -> None:
    op.execute("ALTER TABLE decisions ADD COLUMN next_step text")
    op.execute("UPDATE decisions SET next_step = decision ->> 'next_step'")
    op.execute("ALTER TABLE decisions ALTER COLUMN next_step SET NOT NULL")
    for table, columns in _PACKED.items():
        changes = ", ".join(f"ALTER COLUMN {column} TYPE bytea USING convert_to({column}::text, 'UTF8')" for column in columns)
        op.execute(f"ALTER TABLE {table} {changes}")
    op.execute(
        "ALTER TABLE case_facts DROP CONSTRAINT case_facts_pkey, ADD PRIMARY KEY (case_id, event_id)"
    )  # facts are looked for by case only
    op.execute("DROP INDEX case_facts_case")
    op.execute("ALTER TABLE cases SET (fillfactor = 90)")  # the rows are half as long, so less room has to be left for their next versions
    op.execute("CREATE INDEX operations_done ON operations USING brin (done_at)")
