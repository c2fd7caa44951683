"""Copies of a SQLite file, and whether one is sound. The server may run meanwhile."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from sluice.stores.sql.database import StoreError
from sluice.stores.sql.files import new_file


def copy(source: Path, target: Path) -> None:
    """Copy a database as it stands after its last commit. Whoever writes is not held up.

    Raises `StoreError`: a target that is there already, a full disk.
    """
    try:
        with new_file(target) as part:
            _copy(source, part)
    except FileExistsError:
        raise StoreError(f"{target} is there already, and is left as it is.") from None
    except (OSError, sqlite3.Error) as problem:
        raise StoreError(f"The backup to {target} failed: {problem}") from None


def _copy(source: Path, target: Path) -> None:
    there = f"{source.absolute().as_uri()}?mode=rw"  # no new one, should it be gone
    with (
        closing(sqlite3.connect(there, uri=True)) as original,
        closing(sqlite3.connect(target)) as made,
    ):
        original.backup(made)
        made.execute("PRAGMA journal_mode = DELETE")  # one file, and none beside it


def problems(connection: Connection) -> list[str]:
    """What is wrong with a SQLite database, a line each; nothing where it is sound."""
    integrity = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
    return [line for line in integrity if line != "ok"] + dangling(connection)


def dangling(connection: Connection) -> list[str]:
    """The rows of a SQLite database that speak of others which are not there, a line each."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return [f"{row.table}: row {row.rowid} points to no row of {row.parent}" for row in rows]
