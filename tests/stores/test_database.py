"""What every database does alike, whichever it is: asked of each."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.util import await_only

from sluice.stores.sql.database import Closed, Database
from sluice.stores.sql.schema import audit, balances, conversations, messages, users
from sluice.stores.sql.sqlite import SQLite
from tests.stores.rows import (
    NOON,
    add_conversation,
    add_message,
    add_user,
    count_users,
    note,
    noted,
)

TEXTS = {
    "nothing": "",
    "nul": "a\0b",
    "nul alone": "\0",
    "the escape itself": "\x1a",
    "what an escaped nul looks like": "\x1a0",
    "what an escaped escape looks like": "\x1a1\x1a",
    "both, again and again": "\x1a\0\x1a0\0\x1a1\0\0" * 3,
    "every control character": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "line breaks of all kinds": "\r\n\n\r\x85\u2028\u2029",
    "beyond the first plane": "😀👩‍👩‍👧‍👦𝄞\U0010ffff",
    "combining marks": "e\u0301 \u0915\u094d\u0937",
    "right to left": "שלום \u202e مرحبا",
    "noncharacters": "\ufffe\uffff\ufdd0",
    "quotes": "'; DROP TABLE users; -- \" \\ % _ :name $1 ?",
}
TOKYO = timezone(timedelta(hours=9))
MOMENTS = [
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 11, 21, 8, 59, 59, 1, tzinfo=TOKYO),
    datetime(2026, 11, 21, tzinfo=UTC),
    datetime(2026, 11, 21, 9, 0, 0, 1, tzinfo=TOKYO),
    datetime(9999, 12, 31, tzinfo=UTC),
]


class Refused(Exception):
    """What a transaction raises here."""


async def test_what_is_written_is_there_for_whoever_reads_after_it(database: Database) -> None:
    for n in range(10):
        await database.write(note(str(n)))
        assert await database.read(noted) == [str(m) for m in range(n + 1)]


async def test_what_a_transaction_finds_is_handed_back(database: Database) -> None:
    assert await database.write(lambda _: "found") == "found"
    assert await database.read(lambda _: None) is None


async def test_a_transaction_that_raises_is_undone(database: Database) -> None:
    problem = Refused("no")

    def work(tx: Connection) -> None:
        add_user("ann")(tx)
        raise problem

    with pytest.raises(Refused) as caught:
        await database.write(work)
    assert caught.value is problem
    assert await database.read(count_users) == 0


async def test_of_many_at_once_each_is_undone_by_its_own_failure_only(database: Database) -> None:
    def work(n: int, tx: Connection) -> int:
        note(str(n))(tx)
        if n % 3 == 0:
            raise Refused(n)
        if n % 3 == 1:
            add_conversation(str(n), "nobody")(tx)
        return n

    def asked(n: int) -> asyncio.Task[int]:
        return asyncio.create_task(database.write(lambda tx: work(n, tx)))

    results = await asyncio.gather(*map(asked, range(60)), return_exceptions=True)

    kinds = (Refused, IntegrityError, int)
    assert [type(found) for found in results] == [kinds[n % 3] for n in range(60)]
    assert set(await database.read(noted)) == {str(n) for n in range(60) if n % 3 == 2}


async def test_increments_at_once_lose_nothing(database: Database) -> None:
    await database.write(add_user("ann"))
    row = {"user_id": "ann", "unit": "tokens", "period": "", "held": 0, "spent": 0}
    await database.write(lambda tx: tx.execute(insert(balances).values(row)).close())
    locked = select(balances.c.held).with_for_update()

    def increment(tx: Connection) -> None:
        tx.execute(update(balances).values(spent=balances.c.spent + 1))
        tx.execute(update(balances).values(held=tx.execute(locked).scalar_one() + 1))

    await asyncio.gather(*(database.write(increment) for _ in range(50)))
    both = select(balances.c.held, balances.c.spent)
    assert await database.read(lambda tx: tuple(tx.execute(both).one())) == (50, 50)


async def test_a_read_sees_one_view_whatever_is_written_meanwhile(database: Database) -> None:
    begun, go_on = Signal(database), Signal(database)

    def look_twice(tx: Connection) -> tuple[int, int]:
        first = count_users(tx)
        begun.set()
        go_on.wait_inside()
        return first, count_users(tx)

    reading = asyncio.create_task(database.read(look_twice))
    await begun.wait()
    await database.write(add_user("ann"))
    assert await database.read(count_users) == 1, "another read waits for nobody"
    go_on.set()
    assert await reading == (0, 0)


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.read(note("sneaky"))
    await database.write(note("openly"))
    assert await database.read(noted) == ["openly"]


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS.keys())
async def test_every_character_survives(database: Database, content: str) -> None:
    def work(tx: Connection) -> None:
        add_conversation("talk", None, title=content)(tx)
        add_message("hello", "talk", content)(tx)

    await database.write(work)
    stored = select(conversations.c.title, messages.c.content).join_from(conversations, messages)
    found = await database.read(lambda tx: tx.execute(stored).one())
    assert tuple(found) == (content, content)
    alike = select(messages.c.id).where(messages.c.content == content)
    assert await database.read(lambda tx: tx.execute(alike).scalar_one()) == "hello"


async def test_a_moment_comes_back_as_it_was_and_in_utc_and_sorts(database: Database) -> None:
    for n in (3, 0, 5, 1, 4, 2):
        await database.write(add_user(str(n), created_at=MOMENTS[n]))
    moments = select(users.c.created_at).order_by(users.c.created_at)
    found = await database.read(lambda tx: list(tx.execute(moments).scalars()))
    assert found == MOMENTS
    assert {moment.tzinfo for moment in found} == {UTC}
    later = select(users.c.id).where(users.c.created_at > MOMENTS[3]).order_by(users.c.id)
    assert await database.read(lambda tx: list(tx.execute(later).scalars())) == ["4", "5"]


async def test_a_moment_without_its_offset_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="offset"):
        await database.write(add_user("ann", created_at=NOON.replace(tzinfo=None)))


async def test_a_row_cannot_speak_of_another_that_is_not_there(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.write(add_conversation("talk", "nobody"))


async def test_what_belongs_to_a_user_goes_with_the_user(database: Database) -> None:
    def work(tx: Connection) -> None:
        add_user("ann")(tx)
        add_conversation("talk", "ann")(tx)
        add_message("hello", "talk", "hello")(tx)

    await database.write(work)
    await database.write(lambda tx: tx.execute(delete(users)).close())
    left = select(messages.c.id)
    assert await database.read(lambda tx: list(tx.execute(left).scalars())) == []


async def test_a_number_is_not_given_twice(database: Database) -> None:
    first = await database.write(note("one"))
    await database.write(lambda tx: tx.execute(delete(audit)).close())
    assert await database.write(note("two")) > first


async def test_what_a_conversation_says_is_found_and_forgotten_with_it(database: Database) -> None:
    def found(tx: Connection) -> int:
        return tx.execute(text("SELECT count(*) FROM message_search")).scalar_one()

    def work(tx: Connection) -> None:
        add_conversation("talk", None)(tx)
        seq = add_message("hello", "talk", "hello")(tx)
        key = "rowid" if tx.dialect.name == "sqlite" else "seq"
        row = text(f"INSERT INTO message_search ({key}, body, owner) VALUES (:seq, 'hello', 'ann')")
        tx.execute(row, {"seq": seq})

    await database.write(work)
    assert await database.read(found) == 1
    await database.write(lambda tx: tx.execute(delete(conversations)).close())
    assert await database.read(found) == 0


async def test_an_error_does_not_say_what_was_to_be_stored(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        await database.write(add_conversation("talk", "nobody", title="for nobody's eyes"))
    assert "eyes" not in str(caught.value)


async def test_an_iterator_that_has_ended_is_an_error_like_any_other(database: Database) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await database.write(lambda _: next(iter(())))
    await database.write(note("on"))
    assert await database.read(noted) == ["on"]


async def test_who_leaves_does_not_undo_what_was_asked_for(database: Database) -> None:
    begun, go_on = Signal(database), Signal(database)

    def work(tx: Connection) -> None:
        note("first")(tx)
        begun.set()
        go_on.wait_inside()
        note("second")(tx)

    asked = asyncio.create_task(database.write(work))
    await begun.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    go_on.set()
    async with asyncio.timeout(10):
        while await database.read(noted) != ["first", "second"]:
            pass


async def test_closing_finishes_what_was_asked_for_and_refuses_the_rest(database: Database) -> None:
    asked = [asyncio.create_task(database.write(note(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert len({task.result() for task in asked if task.done()}) == 20
    for ask in (database.write, database.read):
        with pytest.raises(Closed):
            await ask(noted)
    await database.close()


class Signal:
    """Stops a transaction where a test wants it: a thread on SQLite, a task on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._threaded = isinstance(database, SQLite)
        self._loop = asyncio.get_running_loop()
        self._outside = asyncio.Event()
        self._inside = threading.Event()

    def set(self) -> None:
        self._inside.set()
        self._loop.call_soon_threadsafe(self._outside.set)

    async def wait(self) -> None:
        await asyncio.wait_for(self._outside.wait(), 10)

    def wait_inside(self) -> None:
        if self._threaded:
            assert self._inside.wait(10)
        else:
            await_only(self.wait())
