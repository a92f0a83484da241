"""Past decisions are read page by page in the order in which they were taken."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX decisions_by_time ON decisions (decided_at, decision_id)")
