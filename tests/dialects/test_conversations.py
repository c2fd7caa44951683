"""How the requests of dialect `conversations` read, and what its sessions say."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from sluice.core.commands import Ask, Attach, Medium, Thread
from sluice.core.errors import InvalidRequest, MalformedJSON, NotFound, SluiceError
from sluice.core.messages import Message
from sluice.dialects import conversations
from sluice.dialects.base import Inbound
from tests.dialects.worlds import PLACE, View, course, pieces

ID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
OTHER = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
WHERE = {"conversation_id": ID, "message_id": OTHER}
NEW = Thread("conversations")
AGAIN = Thread("conversations", ID, again=OTHER)
KEEPING = Thread("conversations", ID, again=OTHER, keeps=True)
FILE, PAGE = b'{"id":"%b"}' % ID.encode(), "https://example.com/a.png"


def asked(text: str, thread: Thread = NEW, **more: Any) -> Ask:
    return Ask((Message("user", text),), thread=thread, **more)


BODIES: list[tuple[bytes, Ask]] = [
    (b'{"message":"a"}', asked("a")),
    (b'{"message":" a ","unknown":{}}', asked(" a ")),
    (
        b'{"message":"a","conversation_id":null,"model":null,"temperature":null,"max_tokens":null,'
        b'"background":null,"use_invalid_key":null}',
        asked("a"),
    ),
    (
        b'{"message":"a","conversation_id":"%b","model":"x/y","temperature":0,"max_tokens":1,'
        b'"background":true,"use_invalid_key":true}' % ID.upper().encode(),
        asked(
            "a", Thread("conversations", ID), model="x/y", temperature=0, max_tokens=1,
            background=True, bad_key=True,
        ),
    ),
    (b'{"message":"a","media_files":null}', asked("a")),
    (b'{"message":"a","media_files":[]}', asked("a")),
    (
        b'{"message":"a","media_files":[%b,{"url":"%b","id":null}]}' % (FILE, PAGE.encode()),
        asked("a", media=(Medium(id=ID), Medium(url=PAGE))),
    ),
    (b'{"media_files":[%b]}' % FILE, asked("", media=(Medium(id=ID),))),
    (b'{"message":null,"media_files":[%b]}' % FILE, asked("", media=(Medium(id=ID),))),
    (b'{"message":"","media_files":[%b]}' % FILE, asked("", media=(Medium(id=ID),))),
    (
        b'{"message":"a","media_files":[%b]}' % b",".join([FILE] * 10),
        asked("a", media=(Medium(id=ID),) * 10),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_a_message_reads_as_this(body: bytes, expected: Ask):
    assert conversations.say(Inbound(body)) == expected


QUERIES: list[tuple[dict[str, str], Ask | Attach]] = [
    ({}, Attach()),
    ({"conversation_id": ID, "ticket": "t"}, Attach()),
    ({"message": "a", "ticket": "t", "last_event_id": ""}, asked("a")),
    ({"message": "a", "media_files": "[]"}, asked("a")),
    ({"message": "null", "model": "", "conversation_id": "", "max_tokens": ""}, asked("null")),
    (
        {"message": "7", "conversation_id": ID, "model": "m", "temperature": "0.5",
         "max_tokens": "9", "background": "true", "use_invalid_key": "1"},
        asked(
            "7", Thread("conversations", ID), model="m", temperature=0.5, max_tokens=9,
            background=True, bad_key=True,
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), QUERIES)
def test_query_parameters_read_as_this(values: dict[str, str], expected: Ask | Attach):
    assert conversations.say_in_query(Inbound(query=values)) == expected


def test_a_reply_is_written_anew_with_or_without_a_body():
    bare = conversations.regenerate(Inbound(path=WHERE))
    told = conversations.regenerate(Inbound(b'{"model":"m","temperature":1}', WHERE))

    assert bare == Ask((), thread=AGAIN)
    assert told == Ask((), model="m", temperature=1, thread=AGAIN)


EDITS: list[tuple[bytes, Ask]] = [
    (b'{"content":"b"}', asked("b", KEEPING)),
    (b'{"content":"b","media_files":null}', asked("b", KEEPING)),
    (b'{"content":"b","media_files":[]}', asked("b", AGAIN)),
    (b'{"content":"b","media_files":[%b]}' % FILE, asked("b", AGAIN, media=(Medium(id=ID),))),
    (b'{"content":"","media_files":[%b]}' % FILE, asked("", AGAIN, media=(Medium(id=ID),))),
]


@pytest.mark.parametrize(("body", "expected"), EDITS)
def test_a_question_in_other_words_keeps_its_files_unless_there_are_others(
    body: bytes, expected: Ask
):
    assert conversations.edit(Inbound(body, WHERE)) == expected


@pytest.mark.parametrize(
    "ids", [{"conversation_id": "1"}, {"message_id": "\0"}, {"message_id": f"{{{ID}}}"}]
)
def test_what_cannot_be_an_id_is_not_found(ids: dict[str, str]):
    for read in (conversations.regenerate, conversations.edit):
        with pytest.raises(NotFound):
            read(Inbound(b'{"content":"b"}', {**WHERE, **ids}))


INVALID: list[tuple[bytes, str | None]] = [
    (b"{}", "message"),
    (b'{"message":""}', "message"),
    (b'{"message":" \\n\\u3000"}', "message"),
    (b'{"message":["a"]}', "message"),
    (b'{"message":"a","conversation_id":"1"}', "conversation_id"),
    (b'{"message":"a","conversation_id":""}', "conversation_id"),
    (b'{"message":"a","conversation_id":7}', "conversation_id"),
    (b'{"message":"a","temperature":2.1}', "temperature"),
    (b'{"message":"a","max_tokens":0}', "max_tokens"),
    (b'{"message":"a","background":1}', "background"),
    (b'{"message":"a","use_invalid_key":"yes"}', "use_invalid_key"),
    (b'{"message":null}', "message"),
    (b'{"message":"","media_files":[]}', "message"),
    (b'{"media_files":[]}', "message"),
    (b'{"message":"a","media_files":[{}]}', "media_files[0]"),
    (b'{"message":"a","media_files":[%b,{"id":"%b","url":"x"}]}' % (FILE, ID.encode()),
     "media_files[1]"),
    (b'{"message":"a","media_files":[{"id":"x"}]}', "media_files[0].id"),
    (b'{"message":"a","media_files":[{"url":""}]}', "media_files[0].url"),
    (b'{"message":"a","media_files":[%b]}' % b",".join([FILE] * 11), "media_files"),
    (b'{"message":"a","media_files":%b}' % FILE, "media_files"),
    (b"[]", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), INVALID)
def test_wrong_input_names_its_field(body: bytes, field: str | None):
    with pytest.raises(InvalidRequest) as refused:
        conversations.say(Inbound(body))
    assert (refused.value.field, type(refused.value)) == (field, InvalidRequest)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"message": ""}, "message"),
        ({"message": "  "}, "message"),
        ({"message": "a", "conversation_id": "x"}, "conversation_id"),
        ({"message": "a", "temperature": "nan"}, "temperature"),
        ({"message": "a", "max_tokens": "1.5"}, "max_tokens"),
        ({"message": "a", "use_invalid_key": "maybe"}, "use_invalid_key"),
    ],
)
def test_wrong_query_parameters_are_named(values: dict[str, str], field: str):
    with pytest.raises(InvalidRequest) as refused:
        conversations.say_in_query(Inbound(query=values))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        (b"{}", InvalidRequest, "content"),
        (b'{"content":" "}', InvalidRequest, "content"),
        (b'{"content":"","media_files":[]}', InvalidRequest, "content"),
        (b'{"media_files":[%b]}' % FILE, InvalidRequest, "content"),
        (b'{"content":"a","media_files":[{}]}', InvalidRequest, "media_files[0]"),
        (b"", MalformedJSON, None),
    ],
)
def test_an_edit_needs_its_content(body: bytes, kind: type[SluiceError], field: str | None):
    with pytest.raises(kind) as refused:
        conversations.edit(Inbound(body, WHERE))
    assert refused.value.field == field


def test_wrong_files_are_named_in_this_apis_words():
    with pytest.raises(InvalidRequest) as refused:
        conversations.say(Inbound(b'{"media_files":[{}]}'))
    said = msgspec.json.decode(conversations.DIALECT.refuse(refused.value))
    assert said["detail"] == [
        {
            "loc": ["body", "media_files[0]"],
            "msg": "Expected one of `id` and `url`",
            "type": "invalid_request",
        }
    ]


def test_a_run_is_followed_by_its_id_and_by_strangers_too():
    route = conversations.RUNS.routes[0]

    assert route.read(Inbound(path={"run_id": "abc"})) == Attach("abc")
    assert conversations.RUNS.members is False
    assert conversations.DIALECT.members is True


@given(pieces)
def test_a_client_puts_the_text_together_again(said: list[str]):
    session = conversations.Words(View("r", "".join(said), PLACE), None)
    frames = [frame for event in course(*said) for frame in session.encode(event)]
    words = [msgspec.json.decode(frame) for frame in frames]

    assert "".join(word["content"] for word in words[1:-1]) == "".join(said)
    assert [word["type"] for word in words] == ["start", *["chunk"] * len(said), "end"]
    assert all(len(frame.decode().splitlines()) == 1 for frame in frames)


def test_a_run_without_a_place_is_in_no_conversation():
    session = conversations.Words(View("r", "a"), None)
    frames = [frame for event in course("a") for frame in session.encode(event)]
    first, *_, last = (msgspec.json.decode(frame) for frame in frames)

    assert (first["conversation_id"], first["run_id"]) == (None, "r")
    assert (last["conversation_id"], last["message_id"]) == (None, None)
