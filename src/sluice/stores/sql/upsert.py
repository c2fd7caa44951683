"""`INSERT … ON CONFLICT`: the same words on both databases, and two constructs in SQLAlchemy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import ReadOnlyColumnCollection

New = ReadOnlyColumnCollection[str, Any]
Changes = Callable[[New], Mapping[str, Any]]

COUNTED: Mapping[str, Any] = {"preserve_rowcount": True}  # so that an insert tells its rows


class Upsert(NamedTuple):
    """One statement, as each database has it. Its `rowcount` is 0 where nothing was changed."""

    lite: sqlite.Insert
    postgres: postgresql.Insert

    def on(self, tx: Connection) -> sqlite.Insert | postgresql.Insert:
        """The one to execute here."""
        return self.postgres if tx.dialect.name == "postgresql" else self.lite


def insert_unless_there(table: Table, *key: str) -> Upsert:
    """Insert a row, unless there is one of that key."""
    return Upsert(
        sqlite.insert(table)
        .on_conflict_do_nothing(index_elements=key)
        .execution_options(**COUNTED),
        postgresql.insert(table)
        .on_conflict_do_nothing(index_elements=key)
        .execution_options(**COUNTED),
    )


def insert_or_change(
    table: Table, key: Sequence[str], changes: Changes, where: ColumnElement[bool] | None = None
) -> Upsert:
    """Insert a row, or change that of the same key where it fits `where`.

    `changes` is given the columns of the row that was to be inserted.
    """
    lite, postgres = sqlite.insert(table), postgresql.insert(table)
    return Upsert(
        lite.on_conflict_do_update(
            index_elements=key, set_=changes(lite.excluded), where=where
        ).execution_options(**COUNTED),
        postgres.on_conflict_do_update(
            index_elements=key, set_=changes(postgres.excluded), where=where
        ).execution_options(**COUNTED),
    )
