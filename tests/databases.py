"""Databases as servers of their own, for whoever tests what is stored.

`postgres_server`  PostgreSQL, with a migrated database that others are copied from
`pgbouncer`        PgBouncer in transaction mode, before that server
`postgres_url`     a PostgreSQL database of the test's own, migrated, for a server of its own
"""

from collections.abc import Iterator
from itertools import count

import pytest

from sluice.stores.sql.database import Database
from sluice.stores.sql.migrate import upgrade
from sluice.stores.sql.postgres import Postgres
from tests.postgres import Server, admin, now, pgbouncer_running, postgres_running

TEMPLATE, SHARED = "migrated", "shared"
NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with postgres_running() as server:
        make_template(server)
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgres_server: Server) -> Iterator[Server]:
    with pgbouncer_running(postgres_server.port) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    return postgres_server.url(copy_of_template(postgres_server))


def make_template(server: Server) -> None:
    """Make the migrated database, and one that tests share."""
    admin(server, f"CREATE DATABASE {TEMPLATE}")
    migrate(Postgres(server.url(TEMPLATE)))
    admin(server, f"CREATE DATABASE {SHARED} TEMPLATE {TEMPLATE} STRATEGY file_copy")


def copy_of_template(server: Server) -> str:
    """Make a new database with nothing in it but tables; gives its name."""
    name = f"test_{next(NUMBERS)}"
    admin(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    return name


def migrate(database: Database) -> None:
    """Bring an empty database to where the tables are."""

    async def migrated() -> None:
        await database.write(upgrade)
        await database.close()

    now(migrated())
