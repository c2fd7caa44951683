"""Runs from their beginning to their end, as the archive keeps them, on each database."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, delete, event, insert, select, update

from sluice.core.commands import Once, Thread
from sluice.core.errors import IdempotencyMismatch, NotFound, Unauthorized
from sluice.services.archive import Busy, Piece
from sluice.services.conversations.shapes import Hits
from sluice.stores.sql.database import Database
from sluice.stores.sql.runs.context import SHOWN, UNBOUNDED, read_past
from sluice.stores.sql.schema import (
    checkpoints,
    conversations,
    idempotency_keys,
    messages,
    runs,
    users,
)
from sluice.stores.sql.search import messages_with
from tests.stores.rows import NOON, add_user
from tests.stores.telling import WALL, Teller, said, session

DAY = 24 * 3600.0
DISCARD = update(conversations).values(deleted_at=NOON)


@pytest.fixture
async def teller(database: Database) -> Teller:
    for user in ("ann", "bob"):
        await database.write(add_user(user))
    return Teller(database)


async def test_a_run_begins_with_its_question_and_a_reply_to_come(teller: Teller) -> None:
    run, opened = await teller.open("Hello?")
    assert opened.context == said("Hello?")
    place = opened.place
    assert place is not None
    [conversation] = await teller.rows(select(conversations))
    assert (conversation.id, conversation.user_id, conversation.title) == (
        place.conversation, "ann", "Hello?",
    )  # fmt: skip
    assert (conversation.active_run_id, conversation.message_count) == (run, 2)
    question, reply = await teller.rows(select(messages).order_by(messages.c.depth))
    assert (question.role, question.content, question.status, question.size) == (
        "user", "Hello?", "complete", 6,
    )  # fmt: skip
    assert (reply.id, reply.parent_id, reply.depth) == (place.message, question.id, 2)
    assert (reply.role, reply.content, reply.status) == ("assistant", "", "streaming")
    [row] = await teller.rows(select(runs))
    assert (row.id, row.status, row.message_id, row.server) == (run, "running", reply.id, "here")


async def test_a_run_ends_with_its_reply_and_its_figures(teller: Teller) -> None:
    place = await teller.turn("Hello?", "Grüße\0!")
    [reply] = await teller.rows(select(messages).where(messages.c.id == place.message))
    assert (reply.content, reply.size, reply.status) == ("Grüße\0!", 9, "complete")
    assert (reply.tokens, reply.finish_reason, reply.ended_at) == (20, "stop", NOON)
    [row] = await teller.rows(select(runs))
    assert (row.status, row.input_tokens, row.output_tokens, row.cost) == ("done", 10, 20, 0.25)
    [conversation] = await teller.rows(select(conversations))
    assert (conversation.active_run_id, conversation.message_count) == (None, 2)


@pytest.mark.parametrize(
    ("ending", "text", "status"),
    [
        ("stop", "all", "complete"),
        ("length", "as far", "complete"),
        ("cancelled", "some", "partial"),
        ("cancelled", "", "partial"),
        ("provider_timeout", "some", "partial"),
        ("provider_timeout", "", "failed"),
    ],
)
async def test_how_a_run_ended_is_how_its_reply_is_kept(
    teller: Teller, ending: str, text: str, status: str
) -> None:
    place = await teller.turn("Hello?", text, ending=ending)
    [reply] = await teller.rows(select(messages).where(messages.c.id == place.message))
    assert (reply.status, reply.content) == (status, text)


async def test_a_conversation_goes_on_with_what_was_said(teller: Teller) -> None:
    place = await teller.turn("One?", "One.")
    again = Thread("conversations", id=place.conversation)
    await teller.turn("Two?", "Two.", thread=again)
    _, opened = await teller.open("Three?", thread=again)
    assert opened.context == said("One?", "One.", "Two?", "Two.", "Three?")
    [conversation] = await teller.rows(select(conversations))
    assert (conversation.message_count, conversation.title) == (6, "One?")


async def test_a_failed_reply_is_left_out_with_its_question(teller: Teller) -> None:
    thread = Thread("conversations", id=(await teller.turn("One?", "One.")).conversation)
    await teller.turn("Two?", "", thread=thread, ending="provider_timeout")
    await teller.turn("Three?", "Thr", thread=thread, ending="provider_timeout")
    _, opened = await teller.open("Four?", thread=thread)
    assert opened.context == said("One?", "One.", "Three?", "Thr", "Four?")


@pytest.mark.parametrize(
    ("room", "context"),
    [
        (0, ["Three?"]),
        (15, ["Three?"]),
        (16, ["Three?"]),  # the reply alone, without its question, is of no use
        (32, ["Two?", "Two.", "Three?"]),
        (63, ["Two?", "Two.", "Three?"]),
        (64, ["One?", "One.", "Two?", "Two.", "Three?"]),
    ],
)
async def test_the_context_has_as_much_as_there_is_room_for(
    teller: Teller, room: int, context: list[str]
) -> None:
    thread = Thread("conversations", id=(await teller.turn("One?", "One.")).conversation)
    await teller.turn("Two?", "Two.", thread=thread)
    _, opened = await teller.open("Three?", thread=thread, room=room)
    assert [message.text for message in opened.context] == context


async def test_the_context_has_so_many_messages_at_most(teller: Teller) -> None:
    place = await teller.turn("One?", "One.")
    for text in ("Two?", "Three?"):
        await teller.turn(text, "Yes.", thread=Thread("conversations", id=place.conversation))
    past = await teller.database.read(
        lambda tx: read_past(tx, place.conversation, UNBOUNDED, 1000, 3, anew=False)
    )
    # of three, the oldest is a reply without its question, which is of no use
    assert [message.text for message in past.messages] == ["Three?", "Yes."]
    assert past.depth == 6


async def test_ten_thousand_messages_do_not_slow_the_next(teller: Teller) -> None:
    place = await teller.turn("One?", "One.")
    many = [
        {
            "id": f"m{depth}", "conversation_id": place.conversation, "parent_id": f"m{depth - 1}",
            "depth": depth, "shown": True, "role": "assistant" if depth % 2 == 0 else "user",
            "content": "x", "size": 1, "status": "complete", "created_at": NOON,
        }
        for depth in range(3, 10_001)
    ]  # fmt: skip

    def fill(tx: Connection) -> None:
        tx.execute(insert(messages), many)

    await teller.database.write(fill)
    pages, plan = await teller.database.write(lambda tx: pages_read(tx, place.conversation))
    assert pages == 2  # of 32 rows, for 41 messages
    assert "ix_messages_conversation_id_depth" in plan
    assert "SORT" not in plan.upper()
    assert "TEMP B-TREE" not in plan.upper()


def pages_read(tx: Connection, conversation: str) -> tuple[int, str]:
    """How often the database is asked for the context, and how it finds it."""
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(tx, "before_cursor_execute", note)
    past = read_past(tx, conversation, UNBOUNDED, 13 * 40, 400, anew=False)
    event.remove(tx, "before_cursor_execute", note)
    assert len(past.messages) == 40
    tx.exec_driver_sql("ANALYZE messages")  # which PostgreSQL does by itself, later
    explain = "EXPLAIN" if tx.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    wanted = SHOWN.params(conversation=conversation, below=UNBOUNDED)
    compiled = wanted.compile(tx, compile_kwargs={"literal_binds": True})
    rows = tx.exec_driver_sql(f"{explain} {compiled}").all()
    return len(asked), " ".join(str(row) for row in rows)


async def test_only_its_owner_enters_a_conversation(teller: Teller) -> None:
    place = await teller.turn("One?", "One.")
    chat = await teller.turn("One?", "One.", thread=session("s"), scope="u:ann")
    for thread, owner in [
        (Thread("conversations", id=place.conversation), "bob"),
        (Thread("conversations", id=place.conversation), None),
        (Thread("chat", id=place.conversation), "ann"),
        (Thread("conversations", id=chat.conversation), "ann"),
        (Thread("conversations", id="unknown"), "ann"),
    ]:
        with pytest.raises(NotFound):
            await teller.open(thread=thread, owner=owner)
    assert len(await teller.rows(select(runs))) == 2


async def test_a_deleted_conversation_is_not_there(teller: Teller) -> None:
    place = await teller.turn("One?", "One.")
    await teller.database.write(lambda tx: tx.execute(DISCARD))
    with pytest.raises(NotFound):
        await teller.open(thread=Thread("conversations", id=place.conversation))
    assert await teller.archive.replay("run1") is None


async def test_of_two_at_once_in_one_conversation_one_is_busy(teller: Teller) -> None:
    thread = Thread("conversations", id=(await teller.turn("One?", "One.")).conversation)
    found = await asyncio.gather(
        *(teller.open("Two?", thread=thread) for _ in range(5)), return_exceptions=True
    )
    [winner] = [one for one in found if not isinstance(one, BaseException)]
    lost = [one for one in found if isinstance(one, Busy)]
    assert [one.run for one in lost] == [winner[0]] * 4


async def test_two_first_messages_under_one_name_make_one_conversation(teller: Teller) -> None:
    found = await asyncio.gather(
        *(
            teller.open("Hi", thread=session("new"), scope="a:1.2.3.4", owner=None)
            for _ in range(5)
        ),
        return_exceptions=True,
    )
    assert [isinstance(one, Busy) for one in found].count(True) == 4
    assert len(await teller.rows(select(conversations))) == 1
    assert len(await teller.rows(select(messages))) == 2


async def test_a_session_is_found_by_its_name_within_its_scope(teller: Teller) -> None:
    first = await teller.turn("One?", "One.", thread=session("default"), scope="u:ann")
    assert first.name == "default"
    same = await teller.turn("Two?", "Two.", thread=session("default"), scope="u:ann")
    other = await teller.turn("Hi", "Ho", thread=session("default"), scope="u:bob", owner="bob")
    assert (same.conversation, other.conversation != same.conversation) == (
        first.conversation, True,
    )  # fmt: skip
    with pytest.raises(NotFound):
        await teller.open(thread=session("default"), scope="u:ann", owner="bob")


async def test_an_anonymous_session_is_forgotten_a_day_after_its_last_use(teller: Teller) -> None:
    anonymous = {"thread": session("s"), "scope": "", "owner": None}
    first = await teller.turn("One?", "One.", **anonymous)
    teller.wall = WALL + DAY - 1
    second = await teller.turn("Two?", "Two.", **anonymous)
    teller.wall += DAY
    _, opened = await teller.open("Three?", **anonymous)
    assert second.conversation == first.conversation
    assert opened.place is not None
    assert opened.place.conversation != first.conversation
    assert opened.context == said("Three?")


async def test_the_first_words_are_the_title_of_a_conversation_without_one(teller: Teller) -> None:
    row = {
        "id": "c", "user_id": "ann", "kind": "conversations", "scope": "", "title": "",
        "created_at": NOON, "updated_at": NOON, "message_count": 0,
    }  # fmt: skip

    def make(tx: Connection) -> None:
        tx.execute(insert(conversations), row)

    await teller.database.write(make)
    await teller.turn("What is this?", "That.", thread=Thread("conversations", id="c"))
    [conversation] = await teller.rows(select(conversations))
    assert (conversation.title, conversation.message_count) == ("What is this?", 2)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("  Hello \n there", "Hello"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("word " * 20, "word " * 10 + "word…"),
    ],
)
async def test_a_title_is_the_first_line_cut_at_a_word(
    teller: Teller, text: str, title: str
) -> None:
    await teller.open(text)
    [conversation] = await teller.rows(select(conversations))
    assert conversation.title == title


async def test_ten_equal_requests_at_once_are_one_run(teller: Teller) -> None:
    once = Once("key", "print")
    found = await asyncio.gather(*(teller.open(once=once) for _ in range(10)))
    [winner] = [run for run, opened in found if opened.instead is None]
    assert [opened.instead for _, opened in found].count(winner) == 9
    assert len(await teller.rows(select(runs))) == 1
    assert len(await teller.rows(select(messages))) == 2
    assert await teller.archive.answered("ann", once) == winner
    assert await teller.archive.answered("bob", once) is None


async def test_a_key_with_another_request_is_refused(teller: Teller) -> None:
    await teller.open(once=Once("key", "print"))
    with pytest.raises(IdempotencyMismatch):
        await teller.open(once=Once("key", "another"))
    with pytest.raises(IdempotencyMismatch):
        await teller.archive.answered("ann", Once("key", "another"))
    await teller.open(once=Once("key", "another"), owner="bob")


async def test_a_key_is_free_again_after_a_day(teller: Teller) -> None:
    await teller.open(once=Once("key", "print"))
    teller.wall += DAY
    assert await teller.archive.answered("ann", Once("key", "print")) is None
    _, opened = await teller.open(once=Once("key", "another"))
    assert opened.instead is None
    assert await teller.archive.answered("ann", Once("key", "another")) == "run2"


async def test_a_request_that_is_refused_leaves_its_key_free(teller: Teller) -> None:
    with pytest.raises(NotFound):
        await teller.open(once=Once("key", "print"), thread=Thread("conversations", id="none"))
    assert await teller.rows(select(idempotency_keys)) == []


async def test_a_run_outside_of_conversations_is_a_row(teller: Teller) -> None:
    run, opened = await teller.open("Hello?", thread=None, owner=None)
    assert (opened.place, opened.context) == (None, said("Hello?"))
    await teller.close(run, None, owner=None)
    [row] = await teller.rows(select(runs))
    assert (row.status, row.user_id, row.offsets, row.message_id) == ("done", None, None, None)
    assert await teller.rows(select(messages)) == []
    assert await teller.archive.replay(run) is None


async def test_a_model_may_have_a_long_name(teller: Teller) -> None:
    run, opened = await teller.open(model="demo/" + "n" * 500)
    await teller.close(run, opened.place)
    [row] = await teller.rows(select(runs.c.asked))
    assert len(row.asked) == 200


async def test_an_end_that_comes_before_the_beginning_holds(teller: Teller) -> None:
    await teller.close("late", None)
    await teller.open(run="late", thread=None)
    [row] = await teller.rows(select(runs))
    assert (row.status, row.user_id, row.output_tokens) == ("done", "ann", 20)
    assert row.started_at == NOON - timedelta(seconds=2)


async def test_beginning_and_end_at_once_leave_one_row_that_has_ended(teller: Teller) -> None:
    await asyncio.gather(
        *(teller.close(f"r{n}", None) for n in range(10)),
        *(teller.open(run=f"r{n}", thread=None) for n in range(10)),
    )
    found = await teller.rows(select(runs.c.status))
    assert [row.status for row in found] == ["done"] * 10


async def test_a_second_end_changes_nothing(teller: Teller) -> None:
    place = await teller.turn("One?", "One.")
    await teller.close("run1", place, "Other.", ending="internal")
    stored = await teller.archive.replay("run1")
    assert stored is not None
    assert (stored.text, stored.status) == ("One.", "done")


async def test_a_user_who_has_gone_takes_the_run_along(teller: Teller) -> None:
    run, opened = await teller.open()

    def forget(tx: Connection) -> None:
        tx.execute(delete(users).where(users.c.id == "ann"))

    await teller.database.write(forget)
    await teller.close(run, opened.place, "Hello.")
    for table in (runs, messages, conversations):
        assert await teller.rows(select(table)) == []
    with pytest.raises(Unauthorized):
        await teller.open()


async def test_a_conversation_that_has_gone_leaves_the_run_in_the_books(teller: Teller) -> None:
    run, opened = await teller.open()

    def forget(tx: Connection) -> None:
        tx.execute(delete(conversations))

    await teller.database.write(forget)
    await teller.close(run, opened.place, "Hello.")
    [row] = await teller.rows(select(runs))
    assert (row.status, row.conversation_id, row.output_tokens) == ("done", None, 20)
    assert await teller.archive.replay(run) is None


async def test_what_a_run_has_said_is_kept_until_it_ends(teller: Teller) -> None:
    run, opened = await teller.open()
    bare, _ = await teller.open(thread=None)
    await teller.archive.checkpoint([Piece(run, "Hel", 3), Piece(bare, "", 7)])
    await teller.archive.checkpoint([Piece(run, "lo\0", 6), Piece("unknown", "text", 4)])
    pieces = await teller.rows(select(checkpoints.c.piece).order_by(checkpoints.c.seq))
    assert [row.piece for row in pieces] == ["Hel", "lo\0"]
    lengths = await teller.rows(select(runs.c.text_length).order_by(runs.c.id))
    assert [row.text_length for row in lengths] == [6, 7]
    await teller.close(run, opened.place, "Hello.")
    await teller.archive.checkpoint([Piece(run, "too late", 14)])
    assert await teller.rows(select(checkpoints)) == []
    stored = await teller.archive.replay(run)
    assert stored is not None
    assert stored.receipt.text_length == 6


async def test_a_run_that_has_ended_can_be_read_again(teller: Teller) -> None:
    run, opened = await teller.open("Hi", thread=session("s"), scope="u:ann")
    assert opened.place is not None
    with pytest.raises(Busy):
        await teller.archive.replay(run)
    await teller.close(run, opened.place, "Hello.", lengths=(0, 2, 0, 4))
    stored = await teller.archive.replay(run)
    assert stored is not None
    assert (stored.owner, stored.user, stored.asked) == ("ann", "ann", "demo/demo")
    assert (stored.text, list(stored.lengths), stored.place) == (
        "Hello.", [0, 2, 0, 4], replace(opened.place, new=False),
    )  # fmt: skip
    assert (stored.status, stored.finish_reason, stored.code) == ("done", "stop", None)
    assert (stored.started, stored.ended) == (NOON, NOON)
    assert (stored.receipt.usage.total, stored.receipt.cost) == (30, 0.25)
    assert (stored.receipt.duration, stored.receipt.first_token) == (2.0, 0.5)
    assert await teller.archive.replay("unknown") is None


async def test_a_question_and_its_reply_are_found_by_their_words(teller: Teller) -> None:
    await teller.turn("Where are apples?", "Here are pears.")
    await teller.turn("apples", "pears", thread=session("s"), owner=None)

    for word, role in [("apples", "user"), ("pears", "assistant")]:
        hits = await teller.database.read(partial(messages_of_ann, word))
        assert [hit.role for hit in hits.items] == [role]


def messages_of_ann(word: str, tx: Connection) -> Hits:
    return messages_with(tx, "ann", word, None, 10)
