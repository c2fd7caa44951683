"""Replies written anew and questions put in other words: what is shown, and what is asked."""

import pytest
from sqlalchemy import select, update

from sluice.core.commands import Place, Thread
from sluice.core.errors import ConversationBusy, InvalidRequest, NotFound, SluiceError
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import conversations, messages
from tests.stores.rows import add_user
from tests.stores.telling import Teller, said


class Talk(Teller):
    """A conversation of two turns."""

    first: Place
    second: Place

    async def begin(self) -> None:
        self.first = await self.turn("One?", "One.")
        self.second = await self.turn("Two?", "Two.", thread=self.thread())

    @property
    def id(self) -> str:
        return self.first.conversation

    def thread(self, again: str | None = None) -> Thread:
        return Thread("conversations", id=self.id, again=again)

    async def question(self, place: Place) -> str:
        """The id of the message that this reply answers."""
        asked = select(messages.c.parent_id).where(messages.c.id == place.message)
        return (await self.rows(asked))[0].parent_id

    async def count(self) -> int:
        return (await self.rows(select(conversations.c.message_count)))[0].message_count


@pytest.fixture
async def talk(database: Database) -> Talk:
    for user in ("ann", "bob"):
        await database.write(add_user(user))
    talk = Talk(database)
    await talk.begin()
    return talk


async def test_a_reply_written_anew_stands_beside_the_old_one(talk: Talk) -> None:
    run, opened = await talk.open(None, thread=talk.thread(talk.second.message))
    assert opened.context == said("One?", "One.", "Two?")
    assert await talk.shown(talk.id) == ["One?", "One.", "Two?", ""]
    await talk.close(run, opened.place, "Two!")
    assert await talk.shown(talk.id) == ["One?", "One.", "Two?", "Two!"]
    assert await talk.count() == 4
    versions = await talk.rows(
        select(messages.c.content).where(messages.c.depth == 4).order_by(messages.c.seq)
    )
    assert [row.content for row in versions] == ["Two.", "Two!"]


async def test_an_early_reply_written_anew_ends_the_branch(talk: Talk) -> None:
    await talk.turn(None, "One!", thread=talk.thread(talk.first.message))
    assert await talk.shown(talk.id) == ["One?", "One!"]
    assert await talk.count() == 2
    _, opened = await talk.open("Then?", thread=talk.thread())
    assert opened.context == said("One?", "One!", "Then?")
    assert await talk.count() == 4


async def test_a_question_in_other_words_begins_a_branch(talk: Talk) -> None:
    question = await talk.question(talk.first)
    _, opened = await talk.open("Uno?", thread=talk.thread(question))
    assert opened.context == said("Uno?")
    assert await talk.shown(talk.id) == ["Uno?", ""]
    assert len(await talk.rows(select(messages))) == 6


async def test_what_is_written_anew_brings_its_own_branch_back(talk: Talk) -> None:
    """The place of the new version may be on a branch that is not shown."""
    await talk.turn(None, "One!", thread=talk.thread(talk.first.message))
    await talk.turn("Three?", "Three.", thread=talk.thread())
    _, opened = await talk.open(None, thread=talk.thread(talk.second.message))
    assert opened.context == said("One?", "One.", "Two?")
    assert await talk.shown(talk.id) == ["One?", "One.", "Two?", ""]


async def test_the_question_is_asked_anew_however_little_room_there_is(talk: Talk) -> None:
    _, opened = await talk.open(None, thread=talk.thread(talk.second.message), room=0)
    assert opened.context == said("Two?")


async def test_a_failed_reply_can_be_written_anew(talk: Talk) -> None:
    place = await talk.turn("Three?", "", thread=talk.thread(), ending="internal")
    _, opened = await talk.open(None, thread=talk.thread(place.message))
    assert opened.context == said("One?", "One.", "Two?", "Two.", "Three?")


@pytest.mark.parametrize(
    ("of", "text", "refusal"),
    [
        ("reply", "new words", InvalidRequest),
        ("question", None, InvalidRequest),
        ("streaming", None, ConversationBusy),
        ("unknown", None, NotFound),
        ("elsewhere", None, NotFound),
    ],
)
async def test_what_cannot_be_written_anew_is_refused(
    talk: Talk, of: str, text: str | None, refusal: type[SluiceError]
) -> None:
    again = {
        "reply": talk.second.message,
        "question": await talk.question(talk.second),
        "streaming": talk.second.message,
        "unknown": "unknown",
        "elsewhere": (await talk.turn("Else?", "Else.")).message,
    }[of]
    if of == "streaming":
        left = update(messages).where(messages.c.id == again).values(status="streaming")
        await talk.database.write(lambda tx: tx.execute(left))
    with pytest.raises(refusal) as raised:
        await talk.open(text, thread=talk.thread(again))
    assert raised.value.field == ("message" if refusal is InvalidRequest else None)
    assert await talk.shown(talk.id) == ["One?", "One.", "Two?", "Two."]
    await talk.open("Three?", thread=talk.thread())  # nothing is left locked


async def test_a_new_conversation_has_nothing_to_write_anew(talk: Talk) -> None:
    with pytest.raises(NotFound):
        await talk.open(None, thread=Thread("conversations", again=talk.second.message))
    with pytest.raises(InvalidRequest):
        await talk.open(None)
    assert len(await talk.rows(select(conversations))) == 1
