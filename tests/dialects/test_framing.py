"""Whatever a model says arrives: any text, cut anywhere, in every dialect."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import InvalidRequest, MalformedJSON
from sluice.dialects import flows, query
from sluice.dialects.base import Inbound
from sluice.dialects.json import encode, invalid, read
from tests.dialects.worlds import HARD, View, course, pieces


@given(pieces)
def test_a_query_client_puts_the_text_together_again(said: list[str]):
    session = query.Words(View("r", "".join(said)), None)
    frames = [frame for event in course(*said) for frame in session.encode(event)]
    words = [msgspec.json.decode(frame) for frame in frames]
    content = [word for word in words if word["type"] == "content"]

    assert "".join(word["chunk"] for word in content) == "".join(said)
    assert words[-1]["full_response"] == "".join(said)
    lengths = [len("".join(said[: at + 1])) for at in range(len(said))]
    assert [word["accumulated_length"] for word in content] == lengths


@given(pieces)
def test_a_flows_client_puts_the_text_together_again(said: list[str]):
    session = flows.Words(View("r", "".join(said)), None)
    frames = [frame for event in course(*said) for frame in session.encode(event)]
    words = [msgspec.json.decode(frame) for frame in frames]

    assert "".join(word["chunk"] for word in words) == "".join(said)
    assert [word["done"] for word in words] == [False] * len(said) + [True]


@given(pieces)
def test_every_frame_is_one_line_for_every_readers_idea_of_a_line(said: list[str]):
    for words in (query.Words(View("r", "".join(said)), None), flows.Words(View("r", ""), None)):
        for event in course(*said):
            for frame in words.encode(event):
                assert len(frame.splitlines()) == 1
                assert len(frame.decode().splitlines()) == 1


@given(st.integers(0, 12), pieces)
def test_a_follower_that_joins_late_says_the_rest_of_the_same(late: int, said: list[str]):
    events, view = course(*said), View("r", "".join(said))
    late = min(late, len(events))
    whole, rest = query.Words(view, None), query.Words(view, None)
    expected = [whole.encode(event) for event in events][late:]
    for event in events[:late]:
        rest.encode(event)

    assert [rest.encode(event) for event in events[late:]] == expected


@pytest.mark.parametrize("mark", ["\u0085", "\u2028", "\u2029"])
def test_marks_at_which_some_clients_split_are_escaped(mark: str):
    frame = encode({"text": f"a{mark}b"})
    assert frame == b'{"text":"a\\u%04xb"}' % ord(mark)
    assert msgspec.json.decode(frame) == {"text": f"a{mark}b"}


def test_what_is_not_ascii_is_not_escaped():
    assert encode("Việt 👩‍👧") == '"Việt 👩‍👧"'.encode()
    assert msgspec.json.decode(encode(HARD)) == HARD


INVALID: list[tuple[bytes, str | None]] = [
    (b"{}", "query"),
    (b'{"query":null}', "query"),
    (b'{"query":5}', "query"),
    (b'{"query":["a"]}', "query"),
    (b'{"query":""}', "query"),
    (b'{"query":" \\n\\t\\u3000"}', "query"),
    (b'{"query":"a","temperature":"hot"}', "temperature"),
    (b'{"query":"a","temperature":2.01}', "temperature"),
    (b'{"query":"a","temperature":-0.1}', "temperature"),
    (b'{"query":"a","temperature":true}', "temperature"),
    (b'{"query":"a","max_tokens":0}', "max_tokens"),
    (b'{"query":"a","max_tokens":-1}', "max_tokens"),
    (b'{"query":"a","max_tokens":1.5}', "max_tokens"),
    (b'{"query":"a","max_tokens":"10"}', "max_tokens"),
    (b'{"query":"a","model":7}', "model"),
    (b'{"query":"a","background":"yes"}', "background"),
    (b'{"query":"a","id":[1]}', "id"),
    (b'{"query":"a","id":1.5}', "id"),
    (b"[]", None),
    (b'"text"', None),
    (b"null", None),
]


@pytest.mark.parametrize(("body", "field"), INVALID)
def test_wrong_input_names_its_field(body: bytes, field: str | None):
    for understand in (query.ask, query.message):
        with pytest.raises(InvalidRequest) as refused:
            understand(Inbound(body))
        assert (refused.value.field, type(refused.value)) == (field, InvalidRequest)


MALFORMED = [b"", b"{", b"query=a", b'{"query":"a"} more', b"\xff\xfe", b'{"query":"\xff"}',
             b"{'query':'a'}", b'{"query":"\\ud800"}', b'{"a":' * 100_000]  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:20]))
def test_what_is_no_json_is_told_from_wrong_input(body: bytes):
    for understand in (query.ask, query.message):
        with pytest.raises(MalformedJSON):
            understand(Inbound(body))


QUERIES: list[tuple[dict[str, str], str | None]] = [
    ({"user_input": "Xin chào"}, None),
    ({"user_input": "a", "provider": "", "model": "", "flow": "", "background": "true"}, None),
    ({"user_input": "123"}, None),
    ({"user_input": "null"}, None),
    ({"user_input": "true", "last_event_id": ""}, None),
    ({}, "user_input"),
    ({"user_input": ""}, "user_input"),
    ({"user_input": "  "}, "user_input"),
    ({"user_input": "a", "background": "perhaps"}, "background"),
]


@pytest.mark.parametrize(("values", "field"), QUERIES)
def test_query_parameters_read_like_a_body(values: dict[str, str], field: str | None):
    if field is None:
        ask = flows.question_in_query(Inbound(query=values))
        assert (ask.messages[0].text, ask.provider, ask.flow) == (values["user_input"], None, None)
    else:
        with pytest.raises(InvalidRequest) as refused:
            flows.question_in_query(Inbound(query=values))
        assert refused.value.field == field


class Nested(msgspec.Struct):
    items: list[int]


def test_a_nested_place_is_named_with_its_path():
    with pytest.raises(InvalidRequest) as refused:
        read(b'{"items":[1,"x"]}', msgspec.json.Decoder(Nested))
    assert refused.value.field == "items[1]"


def test_a_problem_without_a_place_names_none():
    assert invalid(msgspec.ValidationError("odd")).field is None
