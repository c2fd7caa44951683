"""PostgreSQL: a pool of connections, a transaction on each. Knows no table.

It works behind PgBouncer in transaction mode: nothing is left on a connection from one transaction
to the next. Statements are prepared without a name for that reason, which the next one replaces:
a named one would stay on a server that belongs to somebody else by then.
"""

import asyncio
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sluice.stores.sql.database import Closed, Unsettled, Work

T = TypeVar("T")

CONNECTIONS = 10  # of one server process, at most
POOL_WAIT = 10.0  # seconds to wait for one of them
CONNECT = 10.0  # seconds to make one
COMMAND = 30.0  # seconds that one statement may take
AGE = 1800  # seconds after which a connection is made anew
# SQLSTATEs which say that the transaction came to nothing, and that asking again may help:
# the server went away, or shuts down, or has undone one of two that stood in each other's way.
GONE = frozenset({"08000", "08003", "08006", "08P01", "57P01", "57P02", "57P03"})
IN_THE_WAY = frozenset({"40001", "40P01"})


class Uncommitted(Exception):
    """A transaction that has come to nothing, and not by a fault of its own."""


def unnamed() -> str:
    """The name of each prepared statement."""
    return ""


def engine_of(url: str, patience: float | None) -> AsyncEngine:
    """A SQLAlchemy engine for an address, which goes to asyncpg as it is: it knows `sslmode`,
    several hosts and sockets.
    """
    return create_async_engine(
        "postgresql+asyncpg://",
        hide_parameters=True,  # an error's text is for the log, what is stored is not
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_WAIT,
        pool_recycle=AGE,
        pool_use_lifo=True,  # so that what is not needed grows old
        connect_args={
            "dsn": url.replace("postgresql+asyncpg://", "postgresql://", 1),
            "timeout": CONNECT,
            "command_timeout": patience,
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": unnamed,
        },
    )


class Postgres:
    """A `Database` on a PostgreSQL server.

    `url`       `postgresql://…` or `postgres://…`
    `patience`  seconds that one statement may take; None: as long as it likes
    """

    def __init__(self, url: str, patience: float | None = COMMAND) -> None:
        self._engine = engine_of(url, patience)
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._going: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        return await self._ask(self._engine, work)

    async def read(self, work: Work[T]) -> T:
        return await self._ask(self._reading, work)

    async def close(self) -> None:
        self._closed = True
        if self._going:
            await asyncio.wait(self._going)
        await self._engine.dispose()

    async def _ask(self, engine: AsyncEngine, work: Work[T]) -> T:
        """Run a transaction in a task of its own, which outlives whoever waits for it."""
        if self._closed:
            raise Closed
        task = asyncio.create_task(_persist(engine, work))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return await asyncio.shield(task)


async def _persist(engine: AsyncEngine, work: Work[T]) -> T:
    """Run a transaction, once more where it came to nothing by no fault of its own."""
    try:
        return await _run(engine, work)
    except Uncommitted:
        pass
    try:
        return await _run(engine, work)
    except Uncommitted as problem:
        raise (problem.__cause__ or problem) from None


async def _run(engine: AsyncEngine, work: Work[T]) -> T:
    async with engine.connect() as connection:
        try:
            value = await connection.run_sync(work)
        except DBAPIError as problem:
            if await _in_vain(connection, problem):
                raise Uncommitted from problem
            raise
        try:
            await connection.commit()
        except (DBAPIError, OSError) as problem:
            if isinstance(problem, OSError) or await _in_vain(connection, problem):
                raise Unsettled from problem
            raise
        return value


async def _in_vain(connection: AsyncConnection, problem: DBAPIError) -> bool:
    """Whether this says that asking again may help. A connection that is lost is thrown away."""
    state = getattr(problem.orig, "sqlstate", None)
    if state in GONE and not problem.connection_invalidated:
        await connection.invalidate(problem)
    return problem.connection_invalidated or state in GONE | IN_THE_WAY
