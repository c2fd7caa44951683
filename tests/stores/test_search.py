"""What is found: folding, snippets, and the search of each database."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete

from sluice.services.conversations.shapes import Wanted
from sluice.stores.sql.conversations import SqlConversations
from sluice.stores.sql.database import Database
from sluice.stores.sql.folding import LIMIT, fits, fold, words
from sluice.stores.sql.messages import SqlMessages
from sluice.stores.sql.schema import messages
from sluice.stores.sql.search import Entry, index
from sluice.stores.sql.snippets import LENGTH, snippet
from tests.stores.rows import NOON, add_conversation, add_message, add_user

ANN, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello, World!", "hello world"),
        ("Đường phố Hà Nội", "duong pho ha noi"),
        ("Straße Ærø ŁÓDŹ İstanbul", "strasse aero lodz istanbul"),
        ("Ha\u0300 No\u0323\u0302i", "ha noi"),
        ("foo_bar/baz.py a@b.example 3.14", "foo bar baz py a b example 3 14"),
        ("a\0b\x1b[31mc\r\nd", "a b 31mc d"),
        ("你好 world", "你 好 world"),
        ("ガイド", "カ イ ト"),
        ("हिन्दी भाषा", "हनद भष"),
        ("ﬁne ½ Ⅳ", "fine 1 2 iv"),
        ("👍🏽 ok \ud800", "ok"),
        ("x" * 100 + " y", "x" * 64 + " y"),
        ("", ""),
        ("--- '\" :* () AND", "and"),
    ],
)
def test_a_text_is_folded_into_plain_words(text: str, folded: str):
    assert fold(text) == folded


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_folding_leaves_nothing_but_letters_digits_and_spaces_and_is_done_at_once(text: str):
    folded = fold(text)
    assert all(character.isalnum() or character == " " for character in folded)
    assert folded == folded.strip()
    assert "  " not in folded
    assert fold(folded) == folded


def test_a_long_text_is_folded_in_part_and_a_long_query_too():
    assert len(fold("word " * LIMIT)) <= LIMIT
    assert words("a b c " * 10) == ["a", "b", "c"] * 5 + ["a"]


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Một con đường ở Hà Nội", "duong ha", "Một con [đường] ở [Hà] Nội"),
        ("Ha\u0300 No\u0323\u0302i", "noi", "Ha\u0300 [No\u0323\u0302i]"),
        ("learning to learn", "learn", "[learning] to [learn]"),
        ("to learn, learned", "learn to", "[to] [learn], learned"),
        ("a<b>bold</b>", "bold", "a<b>[bold]</b>"),
        ("你好世界", "世界", "你好[世][界]"),
        ("😀 emoji first", "emoji", "😀 [emoji] first"),
        ("foo_bar", "bar", "foo_[bar]"),
        ("nothing here", "else", "nothing here"),
        ("", "else", ""),
    ],
)
def test_a_snippet_marks_the_words_that_fit(text: str, query: str, marked: str):
    found = snippet(text, words(query))
    shown = found.text
    for start, end in reversed(found.matches):
        shown = f"{shown[:start]}[{shown[start:end]}]{shown[end:]}"
    assert shown == marked


def test_a_snippet_of_a_long_text_is_what_stands_around_the_first_word_that_fits():
    filler = "lorem ipsum " * 5000
    found = snippet(f"{filler}the needle is here {filler}", ["needle"])
    ((start, end),) = found.matches
    assert found.text[start:end] == "needle"
    assert 0 < start <= 80
    assert len(found.text) <= LENGTH
    assert found.text.startswith(("lorem", "ipsum"))
    assert found.text.endswith(("lorem", "ipsum"))


@given(st.text(max_size=400), st.text(min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_what_a_snippet_marks_lies_within_it_and_fits(text: str, query: str):
    wanted = words(query)
    if wanted:
        found = snippet(text, wanted)
        assert found.text in text
        for start, end in found.matches:
            assert 0 <= start < end <= len(found.text)
            assert fits(found.text[start:end], wanted)


class Library:
    """The messages of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.messages = SqlMessages(database)
        self.conversations = SqlConversations(database)
        self.count = 0

    async def say(self, owner: str, conversation: str, *texts: str) -> None:
        def work(tx: Connection) -> None:
            said: list[Entry] = []
            for text in texts:
                self.count += 1
                seq = add_message(f"m{self.count}", conversation, text, depth=self.count)(tx)
                said.append(Entry(seq, owner, text))
            index(tx, said)

        await self.database.write(work)

    async def found(self, query: str, owner: str = ANN) -> str:
        hits = await self.messages.search(owner, query, None, 20)
        return " ".join(hit.message_id for hit in hits.items)

    async def listed(self, query: str, owner: str = ANN) -> str:
        found = await self.conversations.list(owner, Wanted(20, query=query))
        return " ".join(one.id for one in found.items)


@pytest.fixture
async def library(database: Database) -> Library:
    for user in (ANN, BOB):
        await database.write(add_user(user))
    await database.write(add_conversation("roads", ANN, title="Đường về Hà Nội"))
    await database.write(add_conversation("bread", ANN, title="Baking", updated_at=NOON))
    await database.write(add_conversation("bobs", BOB, title="Bread, too"))
    return Library(database)


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("bread", "m3 m2"),
        ("BREAD sourdough", "m3"),
        ("sourdough bread", "m3"),
        ("bre", "m3 m2"),  # the last word may be the beginning of one
        ("bre rye", ""),  # another may not
        ("b", ""),  # nor may a single letter
        ("duong", "m1"),
        ("Đường", "m1"),
        ("世界", "m4"),
        ("py", "m5"),
        ("1e5", "m5"),
        ("007", "m5"),
        ("nothing", ""),
        ("", ""),
        ("?!", ""),
    ],
)
async def test_messages_are_found_by_their_words_newest_first(
    library: Library, query: str, messages: str
):
    await library.say(ANN, "roads", "Con đường này đẹp quá")
    await library.say(ANN, "bread", "Rye bread", "Bread of sourdough", "你好世界")
    await library.say(ANN, "bread", "See src/foo_bar.py, 1e5 and 007 \0 and the end")
    await library.say(BOB, "bobs", "Bread of mine")

    assert await library.found(query) == messages


@pytest.mark.parametrize(
    "query",
    [
        '"', "'", '") OR owner:"x', "a' | 'b", "!bread", "bread & !rye", "bread:*", "NEAR(a b)",
        "body: bread", "-bread", "^bread", "bread*", "\\", "\0bread", "(((", "%", "{body}: x",
        "bread' || '", "x" * 5000, "a " * 200, "𞤀𞤁 ᬅ ꧁ 𐓏 𝟘", "\ud800",
    ],
)  # fmt: skip
async def test_a_query_is_words_and_no_syntax(library: Library, query: str):
    await library.say(ANN, "bread", "Rye bread")
    await library.say(BOB, "bobs", "Bread of mine")
    found = await library.found(query)
    wanted = words(query)
    assert found == ("m1" if wanted and set(wanted) <= {"rye", "bread"} else "")
    await library.listed(query)


async def test_what_another_says_is_not_found_even_by_the_word_that_stands_for_its_owner(
    library: Library,
):
    await library.say(BOB, "bobs", "Bread of mine")
    token = BOB.replace("-", "").translate(str.maketrans("0123456789abcdef", "ghijklmnopqrstuv"))
    for query in ("bread", token, f"{token} bread", BOB, BOB.replace("-", "")):
        assert await library.found(query) == ""
        assert await library.listed(query) == ""


async def test_a_hit_tells_where_it_is(library: Library):
    await library.say(ANN, "bread", "Rye bread")
    ((hit,), after) = await library.messages.search(ANN, "bread", None, 20)
    assert (hit.conversation_id, hit.title, hit.message_id) == ("bread", "Baking", "m1")
    assert (hit.role, hit.created_at) == ("user", NOON)
    assert (hit.snippet, hit.matches, after) == ("Rye bread", ((4, 9),), None)


async def test_hits_come_in_pages(library: Library):
    await library.say(ANN, "bread", *(f"bread {n}" for n in range(5)))
    pages: list[str] = []
    before: int | None = None
    while True:
        hits = await library.messages.search(ANN, "bread", before, 2)
        pages.append(" ".join(hit.message_id for hit in hits.items))
        before = hits.next
        if before is None:
            break
    assert pages == ["m5 m4", "m3 m2", "m1"]


async def test_what_is_deleted_is_not_found_until_it_is_restored(library: Library):
    await library.say(ANN, "bread", "Rye bread")
    await library.conversations.discard(ANN, "bread", NOON)
    assert (await library.found("rye"), await library.listed("rye")) == ("", "")
    await library.conversations.restore(ANN, "bread", NOON - timedelta(days=1))
    assert (await library.found("rye"), await library.listed("rye")) == ("m1", "bread")

    def forget(tx: Connection) -> None:
        tx.execute(delete(messages))

    await library.database.write(forget)
    assert (await library.found("rye"), await library.listed("rye")) == ("", "")


async def test_a_message_that_is_indexed_again_is_found_by_its_new_words_only(library: Library):
    def work(tx: Connection) -> None:
        seq = add_message("m1", "bread", "second")(tx)
        index(tx, [Entry(seq, ANN, "first")])
        index(tx, [Entry(seq, ANN, "second")])

    await library.database.write(work)
    assert (await library.found("first"), await library.found("second")) == ("", "m1")


async def test_a_message_as_long_as_any_can_be_indexed(library: Library):
    text = " ".join(f"{n:x}ward" for n in range(40_000)) + " 世" * 60_000
    await library.say(ANN, "bread", text, "".join(chr(0x4E00 + n % 20_000) for n in range(200_000)))
    assert await library.found("1ward") == "m1"


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("ha noi", "roads"),  # in the title
        ("rye", "bread"),  # in a message
        ("ba", "roads bread"),  # either
        ("rye ha", ""),  # not here one word and there the other
        ("too", ""),  # another's title
        ("!", ""),
    ],
)
async def test_conversations_are_found_by_titles_and_messages(
    library: Library, query: str, listed: str
):
    await library.say(ANN, "bread", "Rye bread")
    await library.say(ANN, "roads", "Ba con đường")
    assert await library.listed(query) == listed
