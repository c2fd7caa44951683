"""What the stores of conversations promise, asked of each database."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from sluice.core.errors import ConversationBusy, NotFound
from sluice.services.conversations.shapes import (
    Conversation,
    NewConversation,
    Order,
    Since,
    Spot,
    Stretch,
    Wanted,
)
from sluice.stores.sql import messages as messages_in_sql
from sluice.stores.sql.conversations import SCAN, SqlConversations
from sluice.stores.sql.database import Database
from sluice.stores.sql.messages import SqlMessages
from sluice.stores.sql.schema import conversations, messages
from sluice.stores.sql.sessions import SqlSessions
from tests.stores.rows import NOON, add_conversation, add_message, add_user

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EVERYTHING = Stretch(limit=100)

# What was said in a conversation: the id, what it follows, and whether it is shown. A question was
# answered three times; the second answer was gone on from, twice; the third question was edited.
#
#   q1 ┬ a1
#      ├ a2 ┬ q3 ─ a3 ─ q5
#      │    └ q4 ─ a4            (shown)
#      └ a5
TREE = [
    ("q1", None, True),
    ("a1", "q1", False),
    ("a2", "q1", True),
    ("q3", "a2", False),
    ("a3", "q3", False),
    ("q5", "a3", False),
    ("q4", "a2", True),
    ("a4", "q4", True),
    ("a5", "q1", False),
]


class Shelf:
    """The stores of one database, with two users."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.conversations = SqlConversations(database)
        self.messages = SqlMessages(database)
        self.sessions = SqlSessions(database)

    async def begin(self, id: str, owner: str = "ann", at: datetime = NOON, title: str = "") -> str:
        await self.conversations.add(owner, NewConversation(id, title or id, at, at, 0))
        return id

    async def change(self, id: str, **columns: object) -> None:
        statement = conversations.update().where(conversations.c.id == id).values(columns)
        await self.database.write(lambda tx: tx.execute(statement) and None)

    async def grow(self, conversation: str, tree: Sequence[tuple[str, str | None, bool]]) -> None:
        depths: dict[str | None, int] = {None: 0}

        def work(tx: Connection) -> None:
            for id, parent, shown in tree:
                depths[id] = depths[parent] + 1
                add_message(
                    id, conversation, f"text of {id}", parent_id=parent, shown=shown,
                    depth=depths[id], role="user" if id[0] == "q" else "assistant",
                )(tx)  # fmt: skip

        await self.database.write(work)
        await self.change(conversation, message_count=sum(shown for _, _, shown in tree))

    async def listed(self, owner: str = "ann", **wanted: object) -> list[str]:
        found = await self.conversations.list(owner, Wanted(**{"limit": 100, **wanted}))
        return [one.id for one in found.items]

    async def read(self, id: str, stretch: Stretch = EVERYTHING, owner: str = "ann") -> str:
        told = await self.messages.read(owner, id, stretch)
        return " ".join(one.id for one in told.items)

    async def shown(self, id: str) -> str:
        statement = (
            select(messages.c.id)
            .where(messages.c.conversation_id == id, messages.c.shown)
            .order_by(messages.c.depth)
        )
        return " ".join(await self.database.read(lambda tx: tx.execute(statement).scalars().all()))


@pytest.fixture
async def shelf(database: Database) -> Shelf:
    await database.write(add_user("ann"))
    await database.write(add_user("bob"))
    return Shelf(database)


async def test_a_new_conversation_is_found_as_it_was_made(shelf: Shelf):
    await shelf.begin("one", title="A title with a \0 and a \x1a in it")

    assert await shelf.conversations.find("ann", "one") == Conversation(
        "one", "A title with a \0 and a \x1a in it", NOON, NOON, 0, None, None
    )


async def test_conversations_are_listed_newest_first_page_by_page(shelf: Shelf):
    for n in range(7):  # in pairs of the same moment
        await shelf.begin(f"c{n}", at=NOON + n // 2 * MINUTE)
    await shelf.begin("theirs", owner="bob")

    pages: list[list[str]] = []
    after: Since | None = None
    while True:
        found = await shelf.conversations.list("ann", Wanted(3, after))
        pages.append([one.id for one in found.items])
        if found.next is None:
            break
        after = found.next
    assert pages == [["c6", "c5", "c4"], ["c3", "c2", "c1"], ["c0"]]


async def test_what_is_begun_meanwhile_does_not_shift_the_pages(shelf: Shelf):
    for n in range(4):
        await shelf.begin(f"c{n}", at=NOON + n * MINUTE)
    first = await shelf.conversations.list("ann", Wanted(2))
    await shelf.begin("new", at=NOON + 9 * MINUTE)

    assert await shelf.listed(after=first.next) == ["c1", "c0"]


async def test_a_new_title_makes_a_conversation_the_newest(shelf: Shelf):
    await shelf.begin("old")
    await shelf.begin("new", at=NOON + MINUTE)
    await shelf.conversations.rename("ann", "old", "Better", NOON + 2 * MINUTE)

    assert await shelf.listed() == ["old", "new"]
    renamed = await shelf.conversations.find("ann", "old")
    assert (renamed.title, renamed.updated_at) == ("Better", NOON + 2 * MINUTE)


async def test_what_was_deleted_is_listed_apart_and_can_be_restored(shelf: Shelf):
    await shelf.begin("one")
    await shelf.begin("two")
    await shelf.change("one", active_run_id="run")

    assert await shelf.conversations.discard("ann", "one", NOON) == "run"
    assert await shelf.listed() == ["two"]
    assert await shelf.listed(deleted=NOON - DAY) == ["one"]
    assert await shelf.listed(deleted=NOON) == []
    with pytest.raises(NotFound):
        await shelf.conversations.find("ann", "one")

    await shelf.conversations.restore("ann", "one", NOON - DAY)
    assert await shelf.listed() == ["two", "one"]
    await shelf.conversations.restore("ann", "one", NOON - DAY)


async def test_what_was_deleted_too_long_ago_is_gone(shelf: Shelf):
    await shelf.begin("one")
    await shelf.conversations.discard("ann", "one", NOON)
    with pytest.raises(NotFound):
        await shelf.conversations.restore("ann", "one", NOON)


@pytest.mark.parametrize("deleted", [False, True])
async def test_another_users_conversation_is_not_there(shelf: Shelf, deleted: bool):
    await shelf.begin("one")
    await shelf.grow("one", TREE)
    if deleted:
        await shelf.conversations.discard("ann", "one", NOON)
    for attempt in (
        shelf.conversations.find("bob", "one"),
        shelf.conversations.rename("bob", "one", "Mine", NOON),
        shelf.conversations.choose("bob", "one", "a1"),
        shelf.conversations.discard("bob", "one", NOON),
        shelf.conversations.restore("bob", "one", NOON - DAY),
        shelf.messages.read("bob", "one", EVERYTHING),
        shelf.messages.all("bob", "one", Spot(0, 0), 10),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await shelf.shown("one") == "q1 a2 q4 a4"


async def test_what_cannot_be_restored_is_forgotten_in_small_steps(shelf: Shelf):
    for n in range(5):
        await shelf.begin(f"c{n}")
        await shelf.grow(f"c{n}", [(f"q{n}", None, True)])
    for n in range(4):
        await shelf.conversations.discard("ann", f"c{n}", NOON + n * DAY)
    await shelf.change("c1", active_run_id="a run that goes on")
    await shelf.database.write(
        add_conversation("stranger", None, kind="chat", expires_at=NOON - MINUTE)
    )
    before = NOON + 2 * DAY

    assert await shelf.conversations.empty(before, NOON, 2) == 2
    assert await shelf.conversations.empty(before, NOON, 2) == 1
    assert await shelf.conversations.empty(before, NOON, 2) == 0
    statement = select(conversations.c.id).order_by(conversations.c.id)
    left = await shelf.database.read(lambda tx: tx.execute(statement).scalars().all())
    assert left == ["c1", "c3", "c4"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("a1", "q1 a1"),
        ("a5", "q1 a5"),
        ("a2", "q1 a2 q4 a4"),  # of what follows, the newest
        ("q3", "q1 a2 q3 a3 q5"),
        ("q5", "q1 a2 q3 a3 q5"),
        ("a4", "q1 a2 q4 a4"),
        ("q1", "q1 a5"),
    ],
)
async def test_a_branch_is_chosen_by_a_message_on_it(shelf: Shelf, message: str, shown: str):
    await shelf.begin("one")
    await shelf.grow("one", TREE)

    assert await shelf.read("one", Stretch(100, branch=message)) == shown
    assert await shelf.shown("one") == "q1 a2 q4 a4"  # looking chooses nothing
    await shelf.conversations.choose("ann", "one", message)
    assert await shelf.shown("one") == await shelf.read("one") == shown
    found = await shelf.conversations.find("ann", "one")
    assert (found.message_count, found.updated_at) == (len(shown.split()), NOON)


async def test_no_branch_is_chosen_while_a_reply_is_being_written(shelf: Shelf):
    await shelf.begin("one")
    await shelf.grow("one", TREE)
    await shelf.change("one", active_run_id="run")

    with pytest.raises(ConversationBusy):
        await shelf.conversations.choose("ann", "one", "a1")
    await shelf.conversations.rename("ann", "one", "Still allowed", NOON)


async def test_a_message_of_another_conversation_is_on_no_branch_here(shelf: Shelf):
    await shelf.begin("one")
    await shelf.begin("two")
    await shelf.grow("one", TREE)
    with pytest.raises(NotFound):
        await shelf.conversations.choose("ann", "two", "a1")
    with pytest.raises(NotFound):
        await shelf.messages.read("ann", "two", Stretch(10, branch="a1"))


@pytest.mark.parametrize(
    ("order", "pages"),
    [("asc", ["m1 m2 m3", "m4 m5 m6", "m7"]), ("desc", ["m7 m6 m5", "m4 m3 m2", "m1"])],
)
@pytest.mark.parametrize("branch", [None, "m4"])
async def test_messages_are_read_page_by_page_in_either_order(
    shelf: Shelf, order: Order, pages: list[str], branch: str | None
):
    await shelf.begin("one")
    await shelf.grow("one", [(f"m{n}", f"m{n - 1}" if n > 1 else None, True) for n in range(1, 8)])

    found: list[str] = []
    beyond: int | None = None
    while True:
        told = await shelf.messages.read("ann", "one", Stretch(3, order, beyond, branch))
        found.append(" ".join(one.id for one in told.items))
        if told.next is None:
            break
        beyond = told.next
    assert found == pages


@pytest.mark.parametrize(("order", "beyond"), [("asc", 4), ("asc", 2**31 - 1), ("desc", 1)])
async def test_beyond_the_end_there_is_nothing(shelf: Shelf, order: Order, beyond: int):
    await shelf.begin("one")
    await shelf.grow("one", TREE)
    told = await shelf.messages.read("ann", "one", Stretch(10, order, beyond))
    assert told == ((), None)


async def test_an_empty_conversation_has_no_messages(shelf: Shelf):
    await shelf.begin("one")
    for order in ("asc", "desc"):
        assert await shelf.messages.read("ann", "one", Stretch(10, order)) == ((), None)
    assert await shelf.messages.all("ann", "one", Spot(0, 0), 10) == ((), None)


async def test_a_message_names_the_versions_beside_it(shelf: Shelf):
    await shelf.begin("one")
    await shelf.grow("one", [*TREE, ("q6", None, False)])
    told = await shelf.messages.read("ann", "one", EVERYTHING)
    assert {one.id: one.versions for one in told.items} == {
        "q1": ("q1", "q6"),
        "a2": ("a1", "a2", "a5"),
        "q4": ("q3", "q4"),
        "a4": ("a4",),
    }


async def test_a_page_is_bounded_by_its_bytes(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages_in_sql, "PAGE_BYTES", 2 * len("text of q1"))
    await shelf.begin("one")
    await shelf.grow("one", TREE)

    assert await shelf.read("one") == "q1 a2"
    assert await shelf.read("one", Stretch(100, beyond=2)) == "q4 a4"
    assert await shelf.read("one", Stretch(100, "desc")) == "a4 q4"
    assert await shelf.read("one", Stretch(100, "desc", beyond=3)) == "a2 q1"
    monkeypatch.setattr(messages_in_sql, "PAGE_BYTES", 1)
    assert await shelf.read("one") == "q1"


@pytest.mark.parametrize(("limit", "bytes"), [(100, 1 << 20), (4, 1 << 20), (100, 35), (3, 1)])
async def test_all_branches_are_read_with_parents_before_what_follows(
    shelf: Shelf, limit: int, bytes: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages_in_sql, "PAGE_BYTES", bytes)
    await shelf.begin("one")
    await shelf.grow("one", TREE)

    found: list[str] = []
    after: Spot | None = Spot(0, 0)
    while after is not None:
        page = await shelf.messages.all("ann", "one", after, limit)
        found += [one.id for one in page.items]
        after = page.next
    assert found == ["q1", "a1", "a2", "a5", "q3", "q4", "a3", "a4", "q5"]


async def test_titles_are_searched_a_number_at_a_time(shelf: Shelf):
    def many(tx: Connection) -> None:
        for n in range(SCAN + 10):
            at = NOON + n * MINUTE
            add_conversation(f"c{n}", "ann", title=f"Number {n}", updated_at=at)(tx)

    await shelf.database.write(many)
    await shelf.change("c3", title="Đường về Hà Nội")
    first = await shelf.conversations.list("ann", Wanted(10, query="duong ha"))
    assert first.items == ()
    assert first.next is not None
    second = await shelf.conversations.list("ann", Wanted(10, first.next, "duong ha"))
    assert ([one.id for one in second.items], second.next) == (["c3"], None)


async def test_a_session_is_shown_and_forgotten_within_its_scope(shelf: Shelf):
    await shelf.database.write(
        add_conversation(
            "s", None, kind="chat", scope="a:192.0.2.1", name="default", message_count=4,
            updated_at=NOON + MINUTE, expires_at=NOON + DAY, active_run_id="run",
        )
    )  # fmt: skip
    await shelf.grow("s", TREE)
    mine, theirs = ("a:192.0.2.1", "default"), ("a:192.0.2.2", "default")

    assert await shelf.sessions.show(*mine, NOON) == (4, NOON + MINUTE)
    assert await shelf.sessions.show(*mine, NOON + DAY) is None
    assert await shelf.sessions.show(*theirs, NOON) is None
    assert await shelf.sessions.forget(*theirs, NOON) == (False, None)
    assert await shelf.sessions.forget(*mine, NOON) == (True, "run")
    assert await shelf.sessions.forget(*mine, NOON) == (False, None)
    left = await shelf.database.read(lambda tx: tx.execute(select(messages.c.id)).all())
    assert left == []
