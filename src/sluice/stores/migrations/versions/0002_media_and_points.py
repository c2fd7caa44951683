"""The ledger of points, and what each run has cost of them; files that go with questions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.String(36)
INSTANT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "point_entries",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.String(32)),
        sa.Column("note", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_point_entries_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_point_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_point_entries_user_id_seq", "point_entries", ["user_id", "seq"])
    op.add_column(
        "runs", sa.Column("points", sa.Integer(), nullable=False, server_default="0")
    )
