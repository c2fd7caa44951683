"""What is SQLite's alone: threads, one commit for many, and what goes wrong on a disk."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from sluice.stores.sql.database import Work
from sluice.stores.sql.sqlite import READERS, SQLite
from tests.stores.rows import add_conversation, add_user, count_users, note, noted


@pytest.fixture
async def database(sqlite: SQLite) -> AsyncIterator[SQLite]:
    yield sqlite
    await sqlite.close()


Ask = Callable[[Work[bool]], Coroutine[Any, Any, bool]]


class Hold:
    """Keeps a thread of the database busy: the one that does this job, until it is let go."""

    def __init__(self, ask: Ask) -> None:
        self._begun, self._go_on = threading.Event(), threading.Event()
        self._asked = asyncio.create_task(ask(self._work))

    def _work(self, _: Connection) -> bool:
        self._begun.set()
        return self._go_on.wait(10)

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 10)

    async def let_go(self) -> None:
        self._go_on.set()
        assert await self._asked


async def in_one_commit(database: SQLite, *group: Work[Any]) -> list[Any]:
    """What becomes of jobs that wait together: the writer is held up until all of them do."""
    hold = Hold(database.write)
    await hold.begun()
    asked = [asyncio.create_task(database.write(work)) for work in group]
    await asyncio.sleep(0)  # now each of them has asked
    await hold.let_go()
    return await asyncio.gather(*asked, return_exceptions=True)


def sql(*statements: str) -> Callable[[Connection], None]:
    def work(tx: Connection) -> None:
        for statement in statements:
            tx.exec_driver_sql(statement)

    return work


def dangling_at_the_commit(tx: Connection) -> None:
    """Leaves a row that the commit does not accept."""
    sql("PRAGMA defer_foreign_keys = ON")(tx)
    add_conversation("talk", "nobody")(tx)


async def test_a_commit_that_fails_fails_all_who_share_it(database: SQLite) -> None:
    results = await in_one_commit(database, note("a"), dangling_at_the_commit, note("b"))
    assert [type(found) for found in results] == [IntegrityError] * 3
    assert await database.read(noted) == []
    await database.write(note("c"))
    assert await database.read(noted) == ["c"]


async def test_a_commit_that_fails_leaves_nothing_open(database: SQLite) -> None:
    with pytest.raises(IntegrityError):
        await database.write(dangling_at_the_commit)
    await database.write(note("c"))
    assert await database.read(noted) == ["c"]


async def test_a_full_disk_is_an_error_to_who_wrote_and_to_nobody_later(database: SQLite) -> None:
    pages = await database.read(lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())
    await database.write(sql(f"PRAGMA max_page_count = {pages + 2}"))
    large = add_user("large", password_hash="x" * 1_000_000)

    results = await in_one_commit(database, add_user("small"), large, add_user("next"))
    stored = await database.read(count_users)
    assert sum(not isinstance(found, Exception) for found in results) == stored
    assert isinstance(results[1], DBAPIError)

    await database.write(sql("PRAGMA max_page_count = 1000000"))
    await database.write(large)
    assert await database.read(count_users) == stored + 1


async def test_what_undoes_the_whole_transaction_fails_all_who_share_it(database: SQLite) -> None:
    undo = sql("ROLLBACK", "SELECT no_such_column FROM users")
    results = await in_one_commit(database, note("a"), undo, note("b"))
    assert all(isinstance(found, DBAPIError) for found in results)
    assert await database.read(noted) == []
    await database.write(note("c"))
    assert await database.read(noted) == ["c"]


async def test_another_process_that_writes_is_waited_for_up_to_a_point(database: SQLite) -> None:
    await database.write(sql("PRAGMA busy_timeout = 20"))
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DBAPIError, match="locked"):
        await database.write(note("too soon"))
    assert await database.read(noted) == []
    other.execute("ROLLBACK")
    other.close()
    await database.write(note("now"))
    assert await database.read(noted) == ["now"]


async def test_one_long_read_holds_no_other_up(database: SQLite) -> None:
    long = Hold(database.read)
    await long.begun()
    for _ in range(2 * READERS):
        assert await asyncio.wait_for(database.read(noted), 10) == []
    await long.let_go()


async def test_the_threads_end_with_the_database(database: SQLite) -> None:
    await database.write(note("a"))
    await database.close()
    assert [one.name for one in threading.enumerate() if one.name.startswith("sqlite ")] == []
    assert [path.name for path in database.path.parent.glob("sluice.db-*")] == []


async def test_whoever_waits_in_a_loop_that_is_gone_harms_nobody(database: SQLite) -> None:
    hold = Hold(database.write)
    await hold.begun()

    def elsewhere() -> None:
        async def leave() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(database.write(note("left")), 0.001)

        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(leave())

    await asyncio.to_thread(elsewhere)
    stayed = asyncio.create_task(database.write(note("stayed")))
    await hold.let_go()
    await stayed
    assert await database.read(noted) == ["left", "stayed"]


def test_a_file_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sluice.db"
    path.write_text("This is a letter, and no database at all.\n" * 100)
    with pytest.raises(DBAPIError, match="not a database"):
        SQLite(path)
