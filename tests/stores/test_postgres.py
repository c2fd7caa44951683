"""What is PostgreSQL's alone: connections that get lost, and PgBouncer in between."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from sluice.core.errors import StoreUnavailable
from sluice.services.persistence import Unsure
from sluice.stores.sql.database import Database, StoreError
from sluice.stores.sql.opening import open_database
from sluice.stores.sql.outage import Guarded
from sluice.stores.sql.postgres import Postgres
from tests.conftest import free_port
from tests.postgres import Server, connected
from tests.stores.rows import count_users, note, noted

on_postgres = pytest.mark.parametrize("unwiped", ["postgres", "pgbouncer"], indirect=True)

THROWN_OUT = "SELECT pg_terminate_backend(pg_backend_pid())"
THROW_OUT_ALL = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = 'shared' AND pid <> pg_backend_pid()
"""
AT_THE_COMMIT = (
    """
    CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION leave()
    """,
)
SLEEP = "SELECT pg_sleep(60)"


def failing(state: str) -> str:
    """A statement that fails with this SQLSTATE."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"


class Failing:
    """A transaction that fails in the database, so many times; it counts its own beginnings."""

    def __init__(self, statement: str, times: int) -> None:
        self._statement, self._times = text(statement), times
        self.begun = 0

    def __call__(self, tx: Connection) -> None:
        note("once")(tx)
        self.begun += 1
        if self.begun <= self._times:
            tx.execute(self._statement)


# what happens, how often it happens, how often the transaction is begun, whether it succeeds
FAILURES = {
    "the server throws us out": (THROWN_OUT, 1, 2, True),
    "the server throws us out again": (THROWN_OUT, 9, 2, False),
    "the server shuts down": (failing("57P01"), 1, 2, True),
    "two stood in each other's way": (failing("40P01"), 1, 2, True),
    "they do it again": (failing("40P01"), 9, 2, False),
    "any other error": (failing("22012"), 1, 1, False),
}


@on_postgres
@pytest.mark.parametrize(
    ("statement", "times", "begun", "succeeds"), FAILURES.values(), ids=FAILURES.keys()
)
async def test_what_came_to_nothing_by_no_fault_of_its_own_is_done_once_more(
    database: Database, statement: str, times: int, begun: int, succeeds: bool
) -> None:
    work = Failing(statement, times)
    if succeeds:
        await database.write(work)
    else:
        with pytest.raises(DBAPIError):
            await database.write(work)
    assert work.begun == begun
    assert await database.read(noted) == ["once"] * succeeds


@on_postgres
async def test_connections_that_were_closed_while_nobody_used_them_are_nobodys_problem(
    database: Database, postgres_server: Server
) -> None:
    await asyncio.gather(*(database.write(note("before")) for _ in range(3)))
    connection = await connected(postgres_server.url("postgres"))
    await connection.execute(THROW_OUT_ALL)
    await connection.close()
    await asyncio.gather(*(database.write(note("after")) for _ in range(3)))
    assert await database.read(noted) == ["before"] * 3 + ["after"] * 3


async def test_an_error_at_the_commit_is_not_tried_again(postgres_url: str) -> None:
    database, begun = Postgres(postgres_url), list[None]()

    def leaves_a_row_that_the_commit_does_not_accept(tx: Connection) -> None:
        begun.append(None)
        tx.execute(text("INSERT INTO late VALUES (1, 2)"))

    def make(tx: Connection) -> None:
        column = "REFERENCES late (id) DEFERRABLE INITIALLY DEFERRED"
        tx.execute(text(f"CREATE TABLE late (id int PRIMARY KEY, other int {column})"))

    await database.write(make)
    with pytest.raises(IntegrityError):
        await database.write(leaves_a_row_that_the_commit_does_not_accept)
    assert len(begun) == 1
    await database.close()


@on_postgres
async def test_what_breaks_off_at_the_commit_leaves_it_open_whether_it_is_done(
    database: Database,
) -> None:
    def broken_off(tx: Connection) -> None:
        for statement in AT_THE_COMMIT:
            tx.execute(text(statement))
        note("once")(tx)

    with pytest.raises(Unsure):
        await Guarded(database).write(broken_off)
    assert await database.read(noted) == []


@pytest.mark.parametrize("state", ["57P03", "53300", "53100", "40P01", "25006", "08006", "58030"])
async def test_an_outage_is_no_bug(postgres_url: str, state: str) -> None:
    database = Guarded(Postgres(postgres_url))
    with pytest.raises(StoreUnavailable):
        await database.write(lambda tx: tx.execute(text(failing(state))).close())
    with pytest.raises(DBAPIError):
        await database.write(lambda tx: tx.execute(text(failing("22012"))).close())
    await database.close()


@on_postgres
async def test_nothing_is_left_on_a_connection(database: Database) -> None:
    left = text("SELECT count(*) FROM pg_prepared_statements")
    await asyncio.gather(*(database.write(note(str(n))) for n in range(100)))
    assert await database.read(lambda tx: tx.execute(left).scalar_one()) == 0
    assert await database.write(lambda tx: tx.execute(left).scalar_one()) == 0
    level = text("SHOW transaction_isolation")
    assert await database.read(lambda tx: tx.execute(level).scalar_one()) == "repeatable read"
    assert await database.write(lambda tx: tx.execute(level).scalar_one()) == "read committed"


async def test_a_statement_that_takes_too_long_is_given_up(postgres_url: str) -> None:
    database = Postgres(postgres_url, patience=0.05)
    with pytest.raises(TimeoutError):
        await database.write(lambda tx: tx.execute(text(SLEEP)).close())
    assert await database.read(count_users) == 0
    await database.close()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("postgresql://", ""),
        ("postgres://", ""),
        ("postgresql+asyncpg://", ""),
        ("postgresql://", "?sslmode=disable"),
        ("postgresql://", "?sslmode=prefer&application_name=sluice"),
    ],
)
async def test_an_address_may_be_written_like_this(
    postgres_server: Server, tmp_path: Path, before: str, after: str
) -> None:
    url = postgres_server.url("migrated").replace("postgresql://", before) + after
    database = await open_database(url, tmp_path)
    assert await database.read(count_users) == 0
    await database.close()


REFUSED = {
    "no such database": ("postgresql://postgres@127.0.0.1:{port}/none", 'database "none" does not'),
    "no encryption there": (
        "postgresql://postgres@127.0.0.1:{port}/migrated?sslmode=require",
        "SSL",
    ),
    "nobody listens": ("postgresql://postgres:secret@127.0.0.1:{free}/migrated", "Cannot reach"),
    "a stray slash": ("postgresql://postgres:sec/ret@127.0.0.1:{port}/migrated", "no address"),
    "a stray percent": ("postgresql://postgres:secret@127.0.0.1:{port}x/migrated", "no address"),
    "an unknown option": ("postgresql://p:secret@127.0.0.1:{port}/m?sslmode=odd", "no address"),
    "another database": ("mysql://root:secret@127.0.0.1/test", "must begin with"),
}


@pytest.mark.parametrize(("url", "why"), REFUSED.values(), ids=REFUSED.keys())
async def test_an_address_that_will_not_do_is_refused_in_a_line(
    postgres_server: Server, tmp_path: Path, url: str, why: str
) -> None:
    with pytest.raises(StoreError, match=why) as caught:
        await open_database(url.format(port=postgres_server.port, free=free_port()), tmp_path)
    said = str(caught.value)
    assert "\n" not in said
    assert "sec" not in said
