"""A database of each kind, migrated and empty, for whoever tests what is stored.

`database`      on SQLite, on PostgreSQL, and on PostgreSQL behind PgBouncer
`postgres_url`  a PostgreSQL database of the test's own, migrated, for a server of its own
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from sluice.stores.sql.database import Database
from sluice.stores.sql.migrate import upgrade
from sluice.stores.sql.postgres import Postgres
from sluice.stores.sql.schema import metadata
from sluice.stores.sql.sqlite import SQLite
from tests.postgres import Server, admin, now, pgbouncer_running, postgres_running

KINDS = ("sqlite", "postgres", "pgbouncer")
TEMPLATE, SHARED = "migrated", "shared"
NUMBERS = count(1)
TABLES = ["message_search", *(table.name for table in reversed(metadata.sorted_tables))]
# A tenth of what a copy of the template costs.
WIPE = text(f"DO $$ BEGIN {' '.join(f'DELETE FROM {name};' for name in TABLES)} END $$")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """PostgreSQL, with a migrated database that others are copied from."""
    with postgres_running() as server:
        admin(server, f"CREATE DATABASE {TEMPLATE}")
        migrate(Postgres(server.url(TEMPLATE)))
        admin(server, f"CREATE DATABASE {SHARED} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgres_server: Server) -> Iterator[Server]:
    """PgBouncer in transaction mode, before that server."""
    with pgbouncer_running(postgres_server.port) as server:
        yield server


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


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """The address of a new database, which is the test's own."""
    name = f"test_{next(NUMBERS)}"
    admin(postgres_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    return postgres_server.url(name)


def wipe(connection: Connection) -> None:
    connection.execute(WIPE)


def migrate(database: Database) -> None:
    """Bring an empty database to where the tables are."""

    async def migrated() -> None:
        await database.write(upgrade)
        await database.close()

    now(migrated())
