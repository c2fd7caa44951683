"""How the requests of dialect `interactions` read, and what its sessions say."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from sluice.core.commands import Ask, Medium, Place, Thread
from sluice.core.errors import InvalidRequest, MalformedJSON, ModelNotFound
from sluice.core.events import Event, Finished
from sluice.core.messages import Message
from sluice.dialects import interactions
from sluice.dialects.base import Inbound
from tests.dialects.worlds import PLACE, View, course, pieces, receipt

ID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
OTHER = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
PAGE = "https://example.com/a.png"
NEW = Thread("interactions")

STREAM, SIMPLE = interactions.dialect(lambda: 7.5).routes


def asked(text: str, thread: Thread = NEW, **more: Any) -> Ask:
    return Ask((Message("user", text),), thread=thread, **{"max_tokens": 5000, **more})


def body(**fields: Any) -> Inbound:
    return Inbound(msgspec.json.encode(fields))


BODIES: list[tuple[dict[str, Any], Ask]] = [
    ({"message": "a"}, asked("a")),
    ({"message": " a ", "unknown": {}}, asked(" a ")),
    (
        {"message": "a", "interaction_id": None, "media_files": None, "max_tokens": None,
         "model": None, "background": None},
        asked("a"),
    ),
    (
        {"message": "a", "interaction_id": ID.upper(), "max_tokens": 1, "model": "x/y",
         "background": True},
        asked("a", Thread("interactions", ID), max_tokens=1, model="x/y", background=True),
    ),
    (
        {"message": "a", "media_files": [{"id": ID}, {"url": PAGE, "id": None}]},
        asked("a", media=(Medium(id=ID), Medium(url=PAGE))),
    ),
    ({"media_files": [{"id": ID}]}, asked("", media=(Medium(id=ID),))),
    ({"message": " ", "media_files": [{"id": ID}]}, asked(" ", media=(Medium(id=ID),))),
    ({"message": "a", "media_files": [{"id": ID}] * 10}, asked("a", media=(Medium(id=ID),) * 10)),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), BODIES)
def test_a_message_reads_as_this(fields: dict[str, Any], expected: Ask):
    assert STREAM.read(body(**fields)) == expected


QUERIES: list[tuple[dict[str, str], Ask]] = [
    ({"message": "7"}, asked("7")),
    ({"message": "a", "interaction_id": "", "model": "", "ticket": "t"}, asked("a")),
    (
        {"message": "a", "interaction_id": ID, "max_tokens": "9", "model": "m"},
        asked("a", Thread("interactions", ID), max_tokens=9, model="m"),
    ),
]


@pytest.mark.parametrize(("values", "expected"), QUERIES)
def test_query_parameters_read_as_this(values: dict[str, str], expected: Ask):
    assert SIMPLE.read(Inbound(query=values)) == expected


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "message"),
    ({"message": None}, "message"),
    ({"message": ""}, "message"),
    ({"message": " \n\u3000"}, "message"),
    ({"message": 7}, "message"),
    ({"media_files": []}, "message"),
    ({"message": "a", "interaction_id": "7"}, "interaction_id"),
    ({"message": "a", "interaction_id": 7}, "interaction_id"),
    ({"message": "a", "max_tokens": 0}, "max_tokens"),
    ({"message": "a", "max_tokens": "9"}, "max_tokens"),
    ({"message": "a", "media_files": [{}]}, "media_files[0]"),
    ({"message": "a", "media_files": [{"id": ID}, {"id": ID, "url": PAGE}]}, "media_files[1]"),
    ({"message": "a", "media_files": [{"id": "x"}]}, "media_files[0].id"),
    ({"message": "a", "media_files": [{"url": ""}]}, "media_files[0].url"),
    ({"message": "a", "media_files": [{"url": "x" * 2049}]}, "media_files[0].url"),
    ({"message": "a", "media_files": [{"id": ID}] * 11}, "media_files"),
    ({"message": "a", "media_files": ID}, "media_files"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG)
def test_wrong_input_names_its_field(fields: dict[str, Any], field: str):
    with pytest.raises(InvalidRequest) as refused:
        STREAM.read(body(**fields))
    said = msgspec.json.decode(interactions.refuse(refused.value))

    assert said["code"] == "invalid_request"
    assert said["errors"] == [{"field": field, "message": refused.value.message}]
    assert said["detail"] == f"{field}: {refused.value.message}"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": "  "}, "message"),
        ({"message": "a", "interaction_id": "x"}, "interaction_id"),
        ({"message": "a", "max_tokens": "1.5"}, "max_tokens"),
    ],
)
def test_wrong_query_parameters_are_named(values: dict[str, str], field: str):
    with pytest.raises(InvalidRequest) as refused:
        SIMPLE.read(Inbound(query=values))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("error", "field"), [(MalformedJSON(), "body"), (ModelNotFound("No."), "model")]
)
def test_what_has_no_field_is_named_all_the_same(error: InvalidRequest, field: str):
    said = msgspec.json.decode(interactions.refuse(error))
    assert (said["detail"], said["errors"][0]["field"]) == (error.message, field)


def heard(events: list[Event], view: View, *, plain: bool = False) -> list[dict[str, Any]]:
    session = interactions.Words(view, None, wall=lambda: 7.5, plain=plain)
    frames = [frame for event in events for frame in session.encode(event)]
    assert all(len(frame.decode().splitlines()) == 1 for frame in frames)
    return [msgspec.json.decode(frame) for frame in frames]


@given(pieces)
def test_a_client_puts_the_text_together_again(said: list[str]):
    first, *tokens, last = heard(course(*said), View("r", "".join(said), PLACE, "u"))

    assert "".join(word["content"] for word in tokens) == "".join(said) == last["content"]
    assert {word["type"] for word in tokens} <= {"token"}
    assert {word["timestamp"] for word in tokens} <= {7.5}
    assert (first["type"], first["user_id"], last["type"]) == ("metadata", "u", "complete")


@pytest.mark.parametrize("new", [True, False])
def test_a_client_hears_whether_the_interaction_is_new(new: bool):
    place = Place(ID, OTHER, new=new)
    first, *_ = heard(course("a"), View("r", "a", place, "u"))
    assert first == {
        "type": "metadata", "interaction_id": ID, "is_new_interaction": new, "user_id": "u",
    }  # fmt: skip


def test_the_simple_stream_tells_at_its_end_where_it_was():
    words = heard(course("a"), View("r", "a", PLACE), plain=True)

    assert [word["type"] for word in words] == ["token", "complete"]
    assert words[-1]["interaction_id"] == PLACE.conversation


def test_the_end_tells_what_the_reply_has_cost():
    paid = msgspec.structs.replace(receipt(), points=5, cached=True)
    (end,) = heard([Finished("stop", paid)], View("r", "a", PLACE))

    assert (end["points_cost"], end["cached"], end["tokens_used"]) == (5, True, 12)
    assert (end["timestamp"], end["model"]) == (1_700_000_002.75, "openai/gpt-4o-mini")
    assert "interaction_id" not in end
