"""How runs begin and end in a store that is really there."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from sluice.core.commands import Ask, Once, Principal, Thread
from sluice.core.engine import Bounds, Engine
from sluice.core.errors import (
    ConversationBusy,
    IdempotencyMismatch,
    RateLimited,
    RunExpired,
    StoreUnavailable,
)
from sluice.core.events import Event, Finished, TextDelta
from sluice.core.messages import Message
from sluice.core.ports import Provider
from sluice.core.runs import Run
from sluice.services.archive import Archive, Opened, Opening
from sluice.services.asking import Anybody, Rules
from sluice.services.chat import Chat
from sluice.services.checkpoints import Checkpoints
from sluice.services.ledger import Ledger
from sluice.services.metering import Meter
from sluice.services.persistence import Unsure
from sluice.services.points import Tariff
from sluice.services.recorder import Keeping, Recorder
from sluice.services.scopes import Scopes
from sluice.services.settling import Settling
from sluice.stores.sql.archive import SQLArchive
from sluice.stores.sql.database import Database
from sluice.stores.sql.migrate import upgrade
from sluice.stores.sql.runs.plain import SQLRows
from sluice.stores.sql.schema import checkpoints, conversations, messages, runs, users
from sluice.stores.sql.sqlite import SQLite
from tests.core.actors import Clock, Speaker, hear, over, text_of
from tests.services.test_metering import Cents, Words

WALL = 1_800_000_000.0
ME = Principal(id="00000000-0000-0000-0000-00000000000a", name="an")
STRANGER = Principal(address="10.0.0.1")
ONCE = Once("key-1", "print-1")
DAY = datetime.fromtimestamp(WALL, UTC)


class OneModel:
    """A catalogue of one speaker at a time."""

    def __init__(self) -> None:
        self.provider: Provider = Speaker()
        self.model = "fake/model"

    async def resolve(self, model: object, provider: object, only: object) -> "OneModel":
        return self

    def check(self, model: str, turns: object) -> None:
        pass

    def spoilt(self, choice: "OneModel") -> "OneModel":
        return choice


class NoFlows:
    """There are none."""

    def provider(self, name: str, ask: Ask, who: Principal) -> None:
        return None


class Stand:
    """A chat over a store, in one process's life."""

    def __init__(
        self, database: Database, *, daily: int | None = None, server: str = "here"
    ) -> None:
        ids = count(1)
        self.database = database
        self.archive: Archive = SQLArchive(
            database, lambda: f"id-{server}-{next(ids)}", lambda: WALL
        )
        self.models = OneModel()
        self.ledger = Ledger(SQLRows(database))
        meter = Meter(Words(), Cents(), [])
        settle = Settling(meter, self.archive, self.ledger, server, lambda: WALL, Tariff())
        runs = count(1)
        self.engine = Engine(
            settle, Bounds(), new_id=lambda: f"run-{server}-{next(runs)}", clock=Clock(),
            wall=lambda: WALL,
        )  # fmt: skip
        names = count(1)
        self.recorder = Recorder(
            self.archive, self.ledger, self.engine,
            Scopes(b"s" * 32, lambda: f"name-{next(names)}"),
            Keeping(server, daily), clock=Clock(), wall=lambda: WALL,
        )  # fmt: skip
        self.chat = Chat(
            self.engine, self.models, NoFlows(), lambda _: 8000, Rules(), self.recorder, Anybody()
        )

    async def ask(
        self,
        text: str = "hello",
        *,
        who: Principal = ME,
        thread: Thread | None = None,
        once: Once | None = None,
        says: Speaker | None = None,
    ) -> Run:
        self.models.provider = says or Speaker()
        ask = Ask((Message("user", text),), thread=thread)
        return await self.chat.start(ask, "conversations", who, once)

    async def rows(self, table: Table, **where: str) -> list[dict[str, Any]]:
        query = select(table)
        for name, value in where.items():
            query = query.where(table.c[name] == value)
        return await self.database.read(
            lambda tx: [dict(row) for row in tx.execute(query).mappings().all()]
        )


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorder") / "sluice.db"

    async def make() -> None:
        database = SQLite(path)
        await database.write(upgrade)
        await database.write(
            lambda tx: tx.execute(
                users.insert(),
                {
                    "id": ME.id,
                    "username": "an",
                    "name_key": "an",
                    "role": "user",
                    "created_at": DAY,
                },
            )
        )
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
async def database(empty: Path, tmp_path: Path) -> AsyncIterator[Database]:
    found = SQLite(shutil.copy(empty, tmp_path / "sluice.db"))
    yield found
    await found.close()


@pytest.fixture
async def stand(database: Database) -> AsyncIterator[Stand]:
    found = Stand(database)
    yield found
    await found.engine.drain(0)
    await found.ledger.close()


NEW = Thread("conversations")


async def test_what_was_said_is_the_context_of_what_follows(stand: Stand):
    first = await stand.ask("one", thread=NEW)
    await over(first)
    assert first.place is not None
    second = await stand.ask("two", thread=Thread("conversations", id=first.place.conversation))
    assert [(m.role, m.text) for m in second.prompt.messages] == [
        ("user", "one"), ("assistant", "Hello"), ("user", "two"),
    ]  # fmt: skip


async def test_nobody_hears_an_end_that_is_not_stored(stand: Stand):
    run = await stand.ask(thread=NEW)
    heard = await hear(run.follow())
    assert isinstance(heard[-1], Finished)
    (row,) = await stand.rows(runs, id=run.id)
    assert (row["status"], row["output_tokens"]) == ("done", 1)
    said = await stand.rows(messages, run_id=run.id)
    assert [(m["role"], m["content"], m["status"]) for m in said][-1] == (
        "assistant", "Hello", "complete",
    )  # fmt: skip


@pytest.mark.parametrize("who", [ME, STRANGER])
async def test_a_run_without_a_conversation_has_its_row_too(stand: Stand, who: Principal):
    run = await stand.ask(who=who)
    await over(run)
    await stand.ledger.close()
    (row,) = await stand.rows(runs)
    assert (row["id"], row["user_id"], row["status"]) == (run.id, who.id, "done")
    assert await stand.rows(messages) == []


async def test_a_second_message_is_refused_while_the_first_is_answered(stand: Stand):
    go = asyncio.Event()
    first = await stand.ask(thread=NEW, says=Speaker(go))
    assert first.place is not None
    with pytest.raises(ConversationBusy):
        await stand.ask(thread=Thread("conversations", id=first.place.conversation))
    go.set()


async def test_where_messages_wait_the_second_comes_after_the_first(stand: Stand):
    go = asyncio.Event()
    session = Thread("chat", named=True, name="s-1", waits=True)
    first = await stand.ask("one", thread=session, says=Speaker((TextDelta("1"),), go))
    second = asyncio.create_task(stand.ask("two", thread=session, says=Speaker()))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not second.done()
    stand.chat.stop(first)
    run = await second
    assert [m.text for m in run.prompt.messages][-1] == "two"
    go.set()


@pytest.mark.parametrize("who", [ME, STRANGER])
async def test_the_same_key_joins_the_run_that_is_there(stand: Stand, who: Principal):
    runs_ = await asyncio.gather(*[stand.ask(who=who, once=ONCE) for _ in range(5)])
    assert len({run.id for run in runs_}) == 1
    await over(runs_[0])
    assert await stand.ask(who=who, once=ONCE) is runs_[0]


async def test_the_same_key_with_another_request_is_refused(stand: Stand):
    await stand.ask(once=ONCE)
    with pytest.raises(IdempotencyMismatch):
        await stand.ask("other", once=Once(ONCE.key, "print-2"))


async def test_a_users_key_outlives_the_process(stand: Stand, database: Database):
    first = await stand.ask(thread=NEW, once=ONCE)
    await over(first)
    later = Stand(database, server="there")
    again = await later.ask(thread=NEW, once=ONCE)
    assert (again.id, again.text) == (first.id, "Hello")
    assert len(await stand.rows(runs)) == 1


async def test_a_run_that_only_the_store_has_is_replayed_and_not_asked_again(
    stand: Stand, database: Database
):
    run = await stand.ask(thread=NEW)
    heard = await hear(run.follow())
    later = Stand(database, server="there")
    found = await later.chat.find(run.id, ME)
    replayed = await hear(found.follow())
    assert text_of(replayed) == text_of(heard) == "Hello"
    assert len([e for e in replayed if isinstance(e, TextDelta)]) == 1
    assert isinstance(replayed[-1], Finished)
    for after in range(len(heard)):
        rest: list[Event] = await hear(found.follow(after))
        assert text_of(rest) == text_of(heard[after:])
    with pytest.raises(RunExpired):
        await later.chat.find(run.id, Principal(id="someone-else"))


async def test_checkpoints_hold_what_a_long_answer_has_said(stand: Stand):
    go, more = asyncio.Event(), asyncio.Event()
    keeping = Checkpoints(stand.archive, stand.engine.runs)
    says = Speaker((TextDelta("Hel"),), go, (TextDelta("lo"),), more, (Finished("stop"),))
    run = await stand.ask(thread=NEW, says=says)
    await says.waiting.wait()
    await keeping.look()
    says.waiting.clear()
    go.set()
    await says.waiting.wait()
    await keeping.look()
    await keeping.look()
    assert [row["piece"] for row in await stand.rows(checkpoints)] == ["Hel", "lo"]
    more.set()
    await over(run)
    assert await stand.rows(checkpoints) == []


async def test_a_days_tokens_are_reserved_before_and_settled_after(database: Database):
    stand = Stand(database, daily=510)
    go = asyncio.Event()
    first = await stand.ask(says=Speaker(go))  # reserves what a reply usually takes
    with pytest.raises(RateLimited) as refused:
        await stand.ask()
    assert refused.value.retry_after
    go.set()
    await over(first)
    await over(await stand.ask())  # of which next to nothing was used
    await stand.engine.drain(0)


async def test_a_beginning_of_which_nobody_knows_leaves_its_conversation_free(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
):
    store = stand.archive.open

    async def breaks_off(opening: Opening) -> Opened:
        await store(opening)
        raise Unsure

    with monkeypatch.context() as commit:
        commit.setattr(stand.archive, "open", breaks_off)
        with pytest.raises(StoreUnavailable):
            await stand.ask("one", thread=NEW)
    await stand.recorder.close()
    (talk,) = await stand.rows(conversations)
    (run,) = await stand.rows(runs)
    assert (talk["active_run_id"], run["status"], run["output_tokens"]) == (None, "cancelled", 0)


async def test_who_leaves_while_a_run_begins_leaves_its_conversation_free(stand: Stand):
    first = await stand.ask("one", thread=NEW)
    await over(first)
    assert first.place is not None
    thread = Thread("conversations", id=first.place.conversation)
    leaver = asyncio.create_task(stand.ask("two", thread=thread))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.wait([leaver])
    await stand.recorder.close()
    third = await stand.ask("three", thread=thread)
    await over(third)
    assert {row["status"] for row in await stand.rows(runs)} == {"done", "cancelled"}
