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

# Whatever takes a file's row, be it that its user has gone, leaves a note that its bytes are to go.
DISCARD = {
    "sqlite": (
        """
        CREATE TRIGGER media_are_discarded AFTER DELETE ON media
        BEGIN INSERT OR IGNORE INTO discarded_media (id) VALUES (old.id); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION discard_media() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO discarded_media (id) VALUES (old.id) ON CONFLICT DO NOTHING;
            RETURN NULL;
        END $$
        """,
        """
        CREATE TRIGGER media_are_discarded AFTER DELETE ON media
        FOR EACH ROW EXECUTE FUNCTION discard_media()
        """,
    ),
}


def upgrade() -> None:
    create_points()
    create_media()
    for statement in DISCARD[op.get_bind().dialect.name]:
        op.execute(statement)


def create_points() -> None:
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
    op.add_column("runs", sa.Column("points", sa.Integer(), nullable=False, server_default="0"))


def create_media() -> None:
    op.create_table(
        "media",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("prompt_type", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_media_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
    )
    op.create_index("ix_media_user_id", "media", ["user_id"])
    op.create_table(
        "attachments",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("media_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_attachments_message_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name="fk_attachments_media_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "position", name="pk_attachments"),
    )
    op.create_index("ix_attachments_media_id", "attachments", ["media_id"])
    op.create_table(
        "discarded_media",
        sa.Column("id", ID, nullable=False),
        sa.Column("since", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_discarded_media"),
    )
