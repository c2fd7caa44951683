"""A database of each kind, migrated and empty, for whoever tests what is stored.

`database`  on SQLite, on PostgreSQL, and on PostgreSQL behind PgBouncer
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from sluice.stores.sql.database import Database
from sluice.stores.sql.postgres import Postgres
from sluice.stores.sql.schema import metadata
from sluice.stores.sql.sqlite import SQLite
from tests.databases import SHARED, migrate

KINDS = ("sqlite", "postgres", "pgbouncer")
TABLES = ["message_search", *(table.name for table in reversed(metadata.sorted_tables))]
# A tenth of what a copy of the template costs.
WIPE = text(f"DO $$ BEGIN {' '.join(f'DELETE FROM {name};' for name in TABLES)} END $$")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that others are copied from."""
    path = tmp_path_factory.mktemp("sqlite") / "sluice.db"
    migrate(SQLite(path))
    return path


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> SQLite:
    """An empty file."""
    return SQLite(shutil.copy(sqlite_template, tmp_path / "sluice.db"))


@pytest.fixture(params=KINDS)
def unwiped(request: pytest.FixtureRequest) -> Database:
    """A database, which may hold what the test before has left in it."""
    match request.param:
        case "sqlite":
            return request.getfixturevalue("sqlite")
        case "postgres":
            return Postgres(request.getfixturevalue("postgres_server").url(SHARED))
        case _:
            return Postgres(request.getfixturevalue("pgbouncer").url(SHARED))


@pytest.fixture
async def database(unwiped: Database) -> AsyncIterator[Database]:
    """A database with nothing in it, asked of each kind."""
    if isinstance(unwiped, Postgres):
        await unwiped.write(wipe)
    yield unwiped
    await unwiped.close()


def wipe(connection: Connection) -> None:
    connection.execute(WIPE)
