"""What the chat dialect says beyond its golden course: the text so far, sessions, Socket.IO."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from sluice.core.commands import Ask, Place, Thread
from sluice.core.errors import InvalidRequest, MalformedJSON
from sluice.core.events import Finished
from sluice.dialects import chat, chat_socket
from sluice.dialects.base import Inbound
from tests.dialects.worlds import HARD, View, course, failure, pieces, receipt

GOLDEN = Path(__file__).parent.parent / "golden"
PLACE = Place("c", "m", "my-session")
LONG = ["x" * 400] * 4


def tokens(said: list[str], whole: bool | None) -> list[dict[str, Any]]:
    session = chat.Words(View("r" * 22, "".join(said)), Ask((), whole=whole))
    frames = [frame for event in course(*said) for frame in session.encode(event)]
    return [msgspec.json.decode(frame) for frame in frames[:-1]]


PARTIAL = [
    (["a", "b"], None, [1, 2]),
    (["a", "b"], False, [None, None]),
    (LONG, None, [400, None, None, None]),
    (LONG, True, [400, 800, 1200, 1600]),
    (["a", "x" * 600, "b"], None, [1, None, None]),
    ([HARD, "a"], None, [len(HARD), len(HARD) + 1]),
    ([HARD * 8, "a"], None, [None, None]),
]


@pytest.mark.parametrize(("said", "whole", "lengths"), PARTIAL)
def test_the_text_so_far_is_repeated_while_it_is_short_or_as_asked(
    said: list[str], whole: bool | None, lengths: list[int | None]
):
    found = [word.get("partial") for word in tokens(said, whole)]
    assert [None if text is None else len(text) for text in found] == lengths
    assert all("".join(said).startswith(text) for text in found if text is not None)


@given(pieces)
def test_no_event_grows_beyond_a_segment_because_of_the_text_so_far(said: list[str]):
    session = chat.Words(View("r" * 22, "".join(said)), None)
    for event in course(*said)[:-1]:
        for frame in session.encode(event):
            line = b"retry: 1000\nid: %b:999999\ndata: %b\n\n" % (b"r" * 22, frame)
            assert len(line) <= 1200 or b'"partial"' not in frame


@given(pieces)
def test_a_chat_client_puts_the_text_together_again(said: list[str]):
    session = chat.Words(View("r", "".join(said)), None)
    frames = [frame for event in course(*said) for frame in session.encode(event)]
    words = [msgspec.json.decode(frame) for frame in frames]

    assert "".join(word["token"] for word in words[:-1]) == "".join(said)
    assert [word["count"] for word in words[:-1]] == list(range(1, len(said) + 1))
    assert words[-1]["full_response"] == "".join(said)
    assert all(len(frame.decode().splitlines()) == 1 for frame in frames)


def emitted(said: list[str], ask: Ask | None = None) -> list[tuple[str, dict[str, Any]]]:
    speech = chat_socket.Speech(View("run-1", "", place=PLACE, user="lan"), ask)
    return [
        (name, msgspec.json.decode(payload))
        for seq, event in enumerate(course(*said), 1)
        for name, payload in speech.encode(event, seq)
    ]


def test_over_socketio_a_course_reads_as_recorded():
    speech = chat_socket.Speech(View("run-1", "", place=PLACE, user="lan"), None)
    events = course("Xin ", "chào", HARD, ending="cancelled")
    found = [
        one
        for seq, event in enumerate([*events, failure()], 1)
        for one in speech.encode(event, seq)
    ]
    lines = b"".join(b"%b %b\n" % (name.encode(), payload) for name, payload in found)

    assert lines == (GOLDEN / "chat_socket.txt").read_bytes()


@given(pieces)
def test_over_socketio_every_token_has_its_number_and_the_text_so_far(said: list[str]):
    found = emitted(said)
    partial = ["".join(said[: at + 1]) for at in range(len(said))]

    assert [word["partial"] for _, word in found[:-1]] == partial
    assert [word["id"] for _, word in found[:-1]] == [f"run-1:{3 + at}" for at in range(len(said))]
    assert found[-1][1]["full_response"] == "".join(said)
    assert "cancelled" not in found[-1][1]


def test_over_socketio_the_text_so_far_may_be_declined_however_it_is_long():
    assert len(emitted(LONG)[-2][1]["partial"]) == 1600
    assert all("partial" not in word for _, word in emitted(LONG, Ask((), whole=False)))


@given(pieces)
def test_who_comes_back_over_socketio_hears_the_rest_of_the_same(said: list[str]):
    events, view = course(*said), View("r", "", place=PLACE)
    whole, rest = chat_socket.Speech(view, None), chat_socket.Speech(view, None)
    late = len(events) // 2
    expected = [whole.encode(event, seq) for seq, event in enumerate(events, 1)][late:]
    for event in events[:late]:
        rest.skip(event)

    assert [
        rest.encode(event, seq) for seq, event in enumerate(events[late:], late + 1)
    ] == expected


RATES = [(5, 1.25, 4.0), (5, 0.0, 0.0), (5, 1e-7, 50_000_000.0)]


@pytest.mark.parametrize(("count", "seconds", "rate"), RATES)
def test_the_rate_is_tokens_of_the_answer_over_seconds(count: int, seconds: float, rate: float):
    end = chat.completion(View("r", ""), Finished("stop", receipt(duration=seconds)))
    assert (end.tokens, end.tokens_per_second) == (count, rate)


def test_a_run_outside_of_sessions_has_none_and_a_stranger_is_anonymous():
    end = chat.completion(View("r", ""), Finished("stop", receipt()))
    assert (end.session_id, end.user) == (None, "anonymous")
    assert end.timestamp == "2023-11-14T22:13:22.750000+00:00"


NAMES = ["a", "A-1._:b", "x" * 128]


@pytest.mark.parametrize("name", NAMES)
def test_a_session_is_asked_for_by_its_name(name: str):
    for ask in (
        chat.question(Inbound(msgspec.json.encode({"message": "hi", "session_id": name}))),
        chat.question_in_query(Inbound(query={"message": "hi", "session_id": name})),
    ):
        assert ask.thread == Thread("chat", named=True, name=name, waits=True)


@pytest.mark.parametrize("body", [b'{"message":"a"}', b'{"message":"a","session_id":null}',
                                  b'{"message":"a","session_id":""}'])  # fmt: skip
def test_without_a_name_a_session_is_to_be_given_one(body: bytes):
    assert chat.question(Inbound(body)).thread == Thread("chat", named=True, waits=True)


WRONG: list[tuple[bytes, str | None]] = [
    (b"{}", "message"),
    (b'{"message":null}', "message"),
    (b'{"message":5}', "message"),
    (b'{"message":""}', "message"),
    (b'{"message":" \\n\\u3000"}', "message"),
    (b'{"message":"a","model":7}', "model"),
    (b'{"message":"a","partial":"no"}', "partial"),
    (b'{"message":"a","background":1}', "background"),
    (b'{"message":"a","session_id":7}', "session_id"),
    (b'{"message":"a","session_id":"a b"}', "session_id"),
    (b'{"message":"a","session_id":"a/b"}', "session_id"),
    (b'{"message":"a","session_id":"a\\n"}', "session_id"),
    (b'{"message":"a","session_id":"\xc3\xa0"}', "session_id"),
    (b'{"message":"a","session_id":"' + b"x" * 129 + b'"}', "session_id"),
    (b"[]", None),
    (b"null", None),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_wrong_input_names_its_field(body: bytes, field: str | None):
    with pytest.raises(InvalidRequest) as refused:
        chat.question(Inbound(body))
    assert (refused.value.field, type(refused.value)) == (field, InvalidRequest)
    said = msgspec.json.decode(chat.refuse(refused.value))
    assert said["code"] == "invalid_request"
    assert field is None or said["error"].startswith(f"{field}: ")


QUERIES: list[tuple[dict[str, str], bool | None]] = [
    ({"message": "a"}, None),
    ({"message": "a", "partial": "false"}, False),
    ({"message": "a", "partial": "true", "last_event_id": "", "model": ""}, True),
]


@pytest.mark.parametrize(("values", "whole"), QUERIES)
def test_query_parameters_read_like_a_body(values: dict[str, str], whole: bool | None):
    ask = chat.question_in_query(Inbound(query=values))
    assert (ask.messages[0].text, ask.whole, ask.model) == ("a", whole, None)


PAYLOADS: list[tuple[bytes, type[InvalidRequest], str | None]] = [
    (b"null", InvalidRequest, None),
    (b"{}", InvalidRequest, "run_id"),
    (b'{"run_id":"r"}', InvalidRequest, "after"),
    (b'{"run_id":"r","after":-1}', InvalidRequest, "after"),
    (b'{"run_id":"r","after":"1"}', InvalidRequest, "after"),
    (b'{"run_id":"r","after":1e12}', InvalidRequest, "after"),
    (b'{"run_id":"","after":1}', InvalidRequest, "run_id"),
    (b'{"run_id":"\\ud800","after":1}', MalformedJSON, None),
]


@pytest.mark.parametrize(("payload", "kind", "field"), PAYLOADS)
def test_what_is_resumed_must_be_named(
    payload: bytes, kind: type[InvalidRequest], field: str | None
):
    with pytest.raises(kind) as refused:
        chat_socket.resuming(payload)
    assert refused.value.field == field
