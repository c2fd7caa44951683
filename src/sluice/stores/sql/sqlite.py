"""SQLite: one thread that writes, and a few that read. Knows no table.

Everything that waits to be written shares one commit: a commit by itself costs some 350 µs, in a
group 9 µs each. `synchronous=NORMAL` in WAL mode: a crash of the process loses nothing, a loss of
power at most the last moments before it, and never the file.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from sluice.stores.sql.database import Closed, Work

T = TypeVar("T")

READERS = 2
GROUP = 64  # transactions in one commit, at most
BUSY = 5000  # milliseconds to wait for another process, such as `sluice users`
PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY}",
    "PRAGMA journal_mode = WAL",
    f"PRAGMA journal_size_limit = {64 << 20}",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
)


class Job(NamedTuple):
    """One transaction, and who waits for it."""

    work: Work[Any]
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop


class Outcome(NamedTuple):
    """What became of a job."""

    job: Job
    value: Any = None
    error: BaseException | None = None


Jobs = queue.SimpleQueue[Job | None]  # None: no more will come


def engine_of(path: Path, *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """A SQLAlchemy engine for a file."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        hide_parameters=True,  # an error's text is for the log, what is stored is not
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    ours = (f"PRAGMA foreign_keys = {foreign_keys:d}", f"PRAGMA query_only = {read_only:d}")

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, and by nobody else
        for pragma in (*PRAGMAS, *ours):
            connection.execute(pragma)

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


class SQLite:
    """A `Database` in one file, which is made where there is none."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises `DBAPIError` where that cannot be done."""
        self.path = path
        self._writing, self._reading = Jobs(), Jobs()
        self._closed = False
        reading = engine_of(path, read_only=True)
        self._writer = _thread("sqlite writer", engine_of(path).connect(), self._writing, GROUP)
        self._readers = [
            _thread(f"sqlite reader {n}", reading.connect(), self._reading, 1)
            for n in range(READERS)
        ]

    async def write(self, work: Work[T]) -> T:
        return await self._ask(self._writing, work)

    async def read(self, work: Work[T]) -> T:
        return await self._ask(self._reading, work)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            for _ in self._readers:
                self._reading.put(None)
        for reader in self._readers:
            await asyncio.to_thread(reader.join)
        # Of connections that close at once none is the last, which tidies up: one file is left.
        self._writing.put(None)
        await asyncio.to_thread(self._writer.join)

    async def _ask(self, jobs: Jobs, work: Work[T]) -> T:
        """Have a job done, and wait for it."""
        if self._closed:
            raise Closed
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        jobs.put(Job(work, future, loop))
        return await future


def _thread(name: str, connection: Connection, jobs: Jobs, most: int) -> threading.Thread:
    """A thread that does jobs on a connection of its own, so many in one transaction."""
    thread = threading.Thread(target=_live, name=name, args=(connection, jobs, most), daemon=True)
    thread.start()
    return thread


def _live(connection: Connection, jobs: Jobs, most: int) -> None:
    with connection:
        going = True
        while going:
            group, going = _waiting(jobs, most)
            if group:
                _deliver(_do(connection, group))


def _waiting(jobs: Jobs, most: int) -> tuple[list[Job], bool]:
    """What waits, as far as one transaction takes it; and whether more may come."""
    group: list[Job] = []
    job = jobs.get()
    while job is not None:
        group.append(job)
        if len(group) >= most or jobs.empty():
            return group, True
        job = jobs.get()
    return group, False


def _do(connection: Connection, group: Sequence[Job]) -> list[Outcome]:
    """Do these jobs in one transaction; where that cannot be committed, none is done."""
    try:
        with connection.begin():
            if len(group) == 1:
                return [Outcome(group[0], group[0].work(connection))]
            return [_do_one(connection, job) for job in group]
    except BaseException as problem:  # noqa: BLE001 - out of the thread, into the tasks that wait
        _driver(connection).rollback()  # where it is the commit that failed, it is still open
        return [Outcome(job, error=problem) for job in group]


def _do_one(connection: Connection, job: Job) -> Outcome:
    """One of several: what it raises undoes it alone."""
    driver = _driver(connection)
    driver.execute("SAVEPOINT job")
    try:
        value = job.work(connection)
    except BaseException as problem:
        if not driver.in_transaction:
            raise  # SQLite has undone everything, as it may do when the disk is full
        driver.execute("ROLLBACK TO job")
        driver.execute("RELEASE job")
        return Outcome(job, error=problem)
    driver.execute("RELEASE job")
    return Outcome(job, value)


def _driver(connection: Connection) -> sqlite3.Connection:
    found = connection.connection.dbapi_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def _deliver(outcomes: Sequence[Outcome]) -> None:
    """Wake those who wait, all with one call into their loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_loop[outcome.job.loop].append(outcome)
    for loop, theirs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_hand_over, theirs)


def _hand_over(outcomes: Sequence[Outcome]) -> None:
    for job, value, error in outcomes:
        if job.future.done():  # whoever waited has left
            continue
        if error is None:
            job.future.set_result(value)
        elif isinstance(error, StopIteration):  # which no future takes
            job.future.set_exception(RuntimeError("a transaction raised StopIteration"))
        else:
            job.future.set_exception(error)
