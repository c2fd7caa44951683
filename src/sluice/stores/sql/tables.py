"""What all tables share: how their constraints are called, and how a row says whose it is."""

from sqlalchemy import Column, ForeignKey, MetaData

from sluice.stores.sql.types import Id

# Constraints have names, so that a migration can speak of them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def owned(name: str = "user_id", *, null: bool = False) -> Column[str]:
    """Whose it is: it goes when the user does."""
    return Column(name, Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=null)
