"""Brings a database to where the tables are, by the steps in `stores/migrations`; never back.

A SQLite file is migrated by the server that starts on it, after a backup. PostgreSQL, which several
servers may share, is migrated by `sluice db upgrade` and by nobody else.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, bindparam, func, inspect, select

from sluice.stores.sql.backup import copy, dangling, problems
from sluice.stores.sql.database import Database, StoreError
from sluice.stores.sql.files import make_folder
from sluice.stores.sql.postgres import Postgres
from sluice.stores.sql.schema import metadata
from sluice.stores.sql.sqlite import SQLite, engine_of

Standing = Literal["new", "behind", "current"]

STEPS = "sluice.stores:migrations"  # where they are
BACKUPS = "backups"  # a folder in the data folder
LOCK = select(func.pg_advisory_xact_lock(bindparam("key", 0x51_0C_1C_E0)))
NEWER = (
    "The database is at revision {found}, which this version of Sluice does not know: "
    "it was used by a newer one. Run that, or restore a backup."
)
FOREIGN = "The database has tables of our names that are not ours: {names}. Use another one."
UPGRADE_FIRST = {
    "new": "The database is empty: run `sluice db upgrade` first.",
    "behind": "The database is of an older version: run `sluice db upgrade` first.",
}


async def prepare(database: Database, folder: Path) -> None:
    """What a server does before it uses a database; `folder` is the data folder, which is its own.

    Raises `StoreError` where the database cannot be used as it is.
    """
    found = await database.read(standing)
    if found == "current":
        return
    if not isinstance(database, SQLite):
        raise StoreError(UPGRADE_FIRST[found])
    await asyncio.to_thread(upgrade_file, database.path, folder / BACKUPS)


async def upgrade_server(database: Postgres) -> None:
    """Migrate a PostgreSQL database; a second one that tries waits for the first."""
    await database.write(_upgrade_locked)


def upgrade_file(path: Path, backups: Path) -> None:
    """Migrate a SQLite file, wholly or not at all, after a backup of what it held."""
    # A table that is made anew is dropped first: its rows would take others with them.
    engine = engine_of(path, foreign_keys=False)
    with engine.connect() as connection, connection.begin():
        found = standing(connection)
        if found == "behind":
            make_folder(backups)
            copy(path, backups / backup_name(connection))
        if found != "current":
            upgrade(connection)
        if wrong := dangling(connection):
            raise StoreError(f"The migration was undone: {wrong[0]}.")
    engine.dispose()


def standing(connection: Connection) -> Standing:
    """Where a database stands. Raises `StoreError` for one that is not for us."""
    found, scripts = revision(connection), _scripts()
    if found == scripts.get_current_head():
        return "current"
    if found is not None:
        if found not in {step.revision for step in scripts.walk_revisions()}:
            raise StoreError(NEWER.format(found=found))
        return "behind"
    if names := metadata.tables.keys() & inspect(connection).get_table_names():
        raise StoreError(FOREIGN.format(names=", ".join(sorted(names))))
    return "new"


def revision(connection: Connection) -> str | None:
    """The last step that a database has taken."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection) -> None:
    """Take all steps that are left, in the transaction of this connection."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def faults(connection: Connection) -> list[str]:
    """What is wrong with a database, a line each. Raises `StoreError` for one not for us."""
    found = problems(connection) if connection.dialect.name == "sqlite" else []
    if standing(connection) != "current":
        found.append(f"It is of revision {revision(connection)}: run `sluice db upgrade`.")
    return found


def backup_name(connection: Connection) -> str:
    """What a backup is called: after what it is of, and of when."""
    return f"sluice-{revision(connection)}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.db"


def _upgrade_locked(connection: Connection) -> None:
    connection.execute(LOCK)
    if standing(connection) != "current":
        upgrade(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", STEPS)
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
