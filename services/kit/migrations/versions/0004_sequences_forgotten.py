"""When a sequence that the inbox follows was last advanced, so that those of keys that are long over can be forgotten."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE inbox_sequence ADD COLUMN advanced_on date NOT NULL DEFAULT CURRENT_DATE")
    op.execute(
        "ALTER TABLE outbox_sequence SET (fillfactor = 90)"
    )  # a row is a tenth of a kilobyte: there is room for versions of eight at once
    op.execute("CREATE INDEX inbox_sequence_advanced ON inbox_sequence USING brin (advanced_on)")
