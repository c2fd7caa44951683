"""Which files go with which question, from the start transaction on, and how they are listed."""

from collections.abc import Sequence

import pytest
from sqlalchemy import delete, select

from sluice.core.commands import Place, Thread
from sluice.core.errors import InvalidRequest, NotFound
from sluice.core.messages import Message
from sluice.services.conversations.shapes import Kept, Spot, Stretch
from sluice.services.conversations.shapes import Message as Shown
from sluice.services.media.ports import Item
from sluice.services.media.shapes import CarriedFile, NamedFile
from sluice.stores.sql.database import Database
from sluice.stores.sql.media import SqlCatalogue
from sluice.stores.sql.messages import SqlMessages
from sluice.stores.sql.schema import conversations, messages, runs
from tests.stores.rows import NOON, add_user
from tests.stores.telling import Teller

TYPES = {"cat": "image/png", "dog": "image/png", "note": "text/plain"}


def blind(turns: Sequence[Message]) -> None:
    """What a model says that takes no pictures."""
    if any(turn.parts for turn in turns):
        raise InvalidRequest("Blind", field="media_files")


class Album(Teller):
    """An archive, and somebody with three files."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.files = SqlCatalogue(database)
        self.messages = SqlMessages(database)

    async def begin(self) -> None:
        await self.database.write(add_user("ann"))
        for id, kind in TYPES.items():
            name = f"{id} \0 😺"
            await self.files.add(Item(id, "ann", kind, 7, "ab" * 32, name, NOON, kind), 100)

    async def asked(self, text: str | None, answer: str = "Yes.", **given: object) -> Place:
        """A whole run in a conversation, with files."""
        return await self.turn(text, answer, **given)

    async def question(self, place: Place) -> str:
        """The id of the message that this reply answers."""
        found = await self.rows(select(messages.c.parent_id).where(messages.c.id == place.message))
        return found[0].parent_id

    async def shown_of(self, place: Place) -> tuple[Shown, ...]:
        return (await self.messages.read("ann", place.conversation, Stretch(100))).items

    async def carried(self, place: Place) -> list[list[str]]:
        """The ids of the files of each message that is shown."""
        return [[file.id for file in one.files] for one in await self.shown_of(place)]


def then(place: Place, again: str | None = None, *, keeps: bool = False) -> Thread:
    return Thread("conversations", place.conversation, again=again, keeps=keeps)


@pytest.fixture
async def album(database: Database) -> Album:
    album = Album(database)
    await album.begin()
    return album


async def test_later_turns_are_told_which_files_came_before(album: Album) -> None:
    place = await album.asked("What is it?", media=("note", "cat", "note"))
    await album.asked("And who?", thread=then(place))
    _, opened = await album.open("And this?", thread=then(place), media=("dog",))

    assert [one.text for one in opened.context][::2] == ["What is it?", "And who?", "And this?"]
    assert opened.media == {0: ("note", "cat", "note"), 4: ("dog",)}


async def test_a_reply_written_anew_is_given_the_files_of_its_question(album: Album) -> None:
    first = await album.asked("What is it?", media=("cat",))
    second = await album.asked("", thread=then(first), media=("note", "dog"))
    _, opened = await album.open(None, thread=then(first, second.message))

    assert opened.media == {0: ("cat",), 2: ("note", "dog")}
    assert await album.carried(first) == [["cat"], [], ["note", "dog"], []]


@pytest.mark.parametrize(
    ("keeps", "given", "files"),
    [
        (True, (), ("cat", "note")),
        (False, (), ()),
        (False, ("dog",), ("dog",)),
    ],
)
async def test_a_question_in_other_words_keeps_its_files_or_gets_others(
    album: Album, keeps: bool, given: tuple[str, ...], files: tuple[str, ...]
) -> None:
    place = await album.asked("What is it?", media=("cat", "note"))
    question = await album.question(place)
    _, opened = await album.open(
        "Who is it?", thread=then(place, question, keeps=keeps), media=given
    )

    assert opened.media == ({0: files} if files else {})
    assert await album.carried(place) == [list(files), []]
    old = Stretch(100, branch=question)
    told = await album.messages.read("ann", place.conversation, old)
    assert [file.id for file in told.items[0].files] == ["cat", "note"]


async def test_a_file_that_was_deleted_does_not_go_along(album: Album) -> None:
    place = await album.asked("What is it?", media=("cat", "note"))
    await album.files.remove("ann", "cat")
    question = await album.question(place)
    _, again = await album.open(None, thread=then(place, place.message))
    assert again.media == {0: ("note",)}
    await album.close("run2", again.place)
    _, reworded = await album.open("Who?", thread=then(place, question, keeps=True))
    assert reworded.media == {0: ("note",)}
    with pytest.raises(NotFound):
        await album.open("And?", media=("cat",))


@pytest.mark.parametrize("text", [None, "Who is it?"])
async def test_a_picture_that_is_there_already_is_not_put_to_a_model_that_is_blind(
    album: Album, text: str | None
) -> None:
    place = await album.asked("What is it?", media=("note", "cat"))
    again = place.message if text is None else await album.question(place)
    thread = then(place, again, keeps=text is not None)
    with pytest.raises(InvalidRequest) as refused:
        await album.open(text, thread=thread, fits=blind)

    assert refused.value.field == "media_files"
    assert await album.shown(place.conversation) == ["What is it?", "Yes."]
    _, opened = await album.open("And then?", thread=then(place), fits=blind)  # which may go on
    assert opened.media == {0: ("note", "cat")}


async def test_a_text_goes_to_any_model(album: Album) -> None:
    place = await album.asked("What is it?", media=("note",))
    _, opened = await album.open(None, thread=then(place, place.message), fits=blind)
    assert opened.media == {0: ("note",)}


async def test_where_files_say_it_all_the_first_words_after_them_are_the_title(
    album: Album,
) -> None:
    titles: list[str] = []
    place: Place | None = None
    for text in ("", "Whose is it?"):
        thread = Thread("conversations") if place is None else then(place)
        place = await album.asked(text, thread=thread, media=("cat",))
        [found] = await album.rows(select(conversations.c.title))
        titles.append(found.title)
    assert titles == ["New conversation", "Whose is it?"]


async def test_a_message_is_listed_with_its_files_in_their_order(album: Album) -> None:
    place = await album.asked("What is it?", media=("note", "cat", "note"))
    question, reply = await album.shown_of(place)
    note = CarriedFile("note", "/api/media/note", "text/plain", 7, "note \0 😺")
    cat = CarriedFile("cat", "/api/media/cat", "image/png", 7, "cat \0 😺")
    assert (question.files, reply.files) == ((note, cat, note), ())
    await album.files.remove("ann", "note")
    assert (await album.shown_of(place))[0].files == (cat,)


def figures(one: Shown) -> tuple[object, ...]:
    return (
        one.input_tokens, one.tokens, one.cost, one.points, one.duration, one.first_token,
        one.estimated,
    )  # fmt: skip


NOTHING = (None,) * 7


async def test_a_reply_is_listed_with_what_its_run_took(album: Album) -> None:
    run, opened = await album.open("What is it?")
    assert opened.place is not None
    assert [figures(one) for one in await album.shown_of(opened.place)] == [NOTHING, NOTHING]
    await album.close(run, opened.place, "That.", points=3)

    question, reply = await album.shown_of(opened.place)
    assert figures(question) == NOTHING
    assert figures(reply) == (10, 20, 0.25, 3, 2.0, 0.5, False)
    await album.database.write(lambda tx: tx.execute(delete(runs)).close())
    assert figures((await album.shown_of(opened.place))[1]) == (None, 20, *NOTHING[2:])


async def test_every_version_has_figures_of_its_own(album: Album) -> None:
    place = await album.asked("What is it?")
    await album.asked(None, "No.", thread=then(place, place.message), ending="provider_timeout")
    for branch in (None, place.message):
        told = await album.messages.read("ann", place.conversation, Stretch(9, branch=branch))
        assert [one.cost for one in told.items] == [None, 0.25]


async def test_an_export_names_the_files(album: Album) -> None:
    place = await album.asked("What is it?", media=("note",))
    told = await album.messages.all("ann", place.conversation, Spot(0, 0), 9)
    kept: list[Kept] = list(told.items)
    assert [one.files for one in kept] == [
        (NamedFile("note", "note \0 😺", "text/plain"),), (),
    ]  # fmt: skip
