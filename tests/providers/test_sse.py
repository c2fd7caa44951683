"""Bytes → messages, compared with a slow and obvious reading of the standard."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sluice.core.errors import ProviderBadResponse
from sluice.providers.sse import LIMIT, Parser


def reference(body: bytes) -> list[bytes]:
    """The standard's own steps, over the whole body at once. Data only."""
    lines = re.split(rb"\r\n|\r|\n", body.removeprefix(b"\xef\xbb\xbf"))[:-1]
    messages: list[bytes] = []
    data = b""
    for line in lines:
        if line == b"":
            if data:
                messages.append(data[:-1])
            data = b""
        elif line.startswith(b":"):
            continue
        else:
            field, _, value = line.partition(b":")
            if field == b"data":
                data += value.removeprefix(b" ") + b"\n"
    return messages


def parse(*pieces: bytes) -> list[bytes]:
    parser = Parser()
    return [message for piece in pieces for message in parser.feed(piece)]


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\ndata:  a\n\n", [b"a", b" a"]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [b"a", b"b", b"c"]),
        (b"data: a\ndata: b\ndata\n\n", [b"a\nb\n"]),
        (b": ping\n\ndata: a\n: in between\n\n", [b"a"]),
        (b"event: x\nid: 1\nretry: 5\nother: y\ndata: a\n\n", [b"a"]),
        (b"event: ping\n\n", []),
        (b"data:\n\n", [b""]),
        (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [b"a"]),
        (b"data: a\n\ndata: unfinished\n", [b"a"]),
        (b"data: a\n\ndata: unfinished", [b"a"]),
        (b"", []),
    ],
)
def test_the_standard_holds_wherever_the_bytes_are_cut(body: bytes, messages: list[bytes]) -> None:
    assert reference(body) == messages
    for at in range(len(body) + 1):
        assert parse(body[:at], body[at:]) == messages
    assert parse(*(body[at : at + 1] for at in range(len(body)))) == messages


WORDS = [b"data: ", b"data:", b"data", b"event: e", b":", b"\n", b"\r", b"\r\n", b"\n\n", b"x",
         b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"\xff", b" ", b"\0", b"data: {}\n\n"]  # fmt: skip


@given(
    words=st.lists(st.sampled_from(WORDS) | st.binary(max_size=3), max_size=20),
    cuts=st.lists(st.integers(0, 80), max_size=8),
)
@example(words=[b"data: x", b"\r", b"\n", b"\r\n"], cuts=[8])
def test_any_bytes_cut_anywhere_give_the_same_messages(words: list[bytes], cuts: list[int]) -> None:
    body = b"".join(words)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[begin:end] for begin, end in pairwise(edges)]
    assert parse(*pieces) == parse(body) == reference(body)


def test_a_cr_ends_its_message_at_once() -> None:
    parser = Parser()
    assert parser.feed(b"data: a\r\r") == [b"a"]
    assert parser.feed(b"\ndata: b\n\n") == [b"b"]


LONG = b"data: " + b"x" * LIMIT


@pytest.mark.parametrize(
    "body",
    [LONG + b"\n\n", LONG, b"data: a\n\n" + LONG + b"\n\n", b"data: x\n" * (LIMIT // 8 + 1)],
    ids=["whole", "without an end", "after another", "many lines of one message"],
)
def test_more_than_4_mib_is_refused_in_one_read_or_in_many(body: bytes) -> None:
    with pytest.raises(ProviderBadResponse):
        parse(body)
    with pytest.raises(ProviderBadResponse):
        parse(*(body[at : at + 65536] for at in range(0, len(body), 65536)))


def test_4_mib_in_many_messages_and_pings_are_welcome() -> None:
    message = b": ping\n\ndata: " + b"x" * 1000 + b"\n\n"
    count = LIMIT // 1000 + 100
    assert len(parse(*[message[:500], message[500:]] * count)) == count
    assert parse(*[b": ping\n"] * 10, message * count) == [b"x" * 1000] * count
