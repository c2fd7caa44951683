"""Dialect `openai`: its requests as the SDK's types have them, and its answers read by the SDK."""

from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter

from sluice.core.errors import InvalidRequest
from sluice.core.messages import Message
from sluice.dialects import openai
from sluice.dialects.base import Inbound
from tests.dialects.worlds import HARD, View, course

HELLO = [{"role": "user", "content": "Hello"}]
RUN = View("run-1", HARD)


def inbound(**asked: Any) -> Inbound:
    return Inbound(msgspec.json.encode({"model": "m", "messages": HELLO, **asked}))


def understood(**asked: Any) -> openai.Completion:
    """A request that the SDK could have sent."""
    kind = CompletionCreateParamsStreaming if asked.get("stream") else _WHOLE
    TypeAdapter(kind).validate_python({"model": "m", "messages": HELLO, **asked})
    return openai.ask(inbound(**asked))


_WHOLE = CompletionCreateParamsNonStreaming
TEXTS = [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"model": "m", "max_tokens": None, "temperature": None, "usage": False}),
        ({"model": ""}, {"model": None}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": 5, "max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"temperature": 0, "top_p": 0.5, "seed": 3, "user": "u"}, {"temperature": 0}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"usage": True}),
        ({"stream": True, "stream_options": {}}, {"usage": False}),
        ({"n": 1, "tools": [], "stop": None, "response_format": {"type": "text"}}, {}),
    ],
)
def test_a_request_is_understood(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    found = msgspec.structs.asdict(understood(**asked))
    assert {name: found[name] for name in expected} == expected
    assert found["messages"] == (Message("user", "Hello"),)


def test_every_role_has_its_place() -> None:
    turns = [
        {"role": "developer", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": TEXTS},
    ]
    assert understood(messages=turns).messages == (
        Message("system", "a"),
        Message("system", "b"),
        Message("assistant", ""),
        Message("user", "One\ntwo"),
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"messages": [{"role": "user", "content": None}]}, "messages"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"temperature": "warm"}, "temperature"),
    ],
)
def test_what_cannot_be_had_is_refused(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        openai.ask(inbound(**asked))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'{"stream":true}', False),
        (b'{"stream":false}', True),
        (b'{"stream":null}', True),
        (b"{}", True),
        (b'{"stream":"yes"}', True),
        (b"no json", True),
        (b"", True),
    ],
)
def test_a_request_says_how_it_is_to_be_answered(body: bytes, whole: bool) -> None:
    assert openai.whole(Inbound(body)) is whole


def test_the_sdk_reads_every_chunk() -> None:
    events = course("Xin ", HARD, ending="length")
    words = openai.Words(RUN, understood(stream=True, stream_options={"include_usage": True}))
    heard = [
        ChatCompletionChunk.model_validate_json(frame, strict=True)
        for event in events
        for frame in words.encode(event)
    ]
    *chunks, usage = heard
    assert {chunk.object for chunk in heard} == {"chat.completion.chunk"}
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == f"Xin {HARD}"
    assert chunks[-1].choices[0].finish_reason == "length"
    assert usage.choices == []
    assert usage.usage is not None
    assert (usage.usage.prompt_tokens, usage.usage.total_tokens) == (7, 12)
    (call,) = (call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ())
    assert (call.index, call.function and call.function.name) == (0, "look")


def test_the_sdk_reads_a_whole_answer() -> None:
    ending = course(HARD)[-1]
    found = ChatCompletion.model_validate_json(openai.answer(RUN, ending), strict=True)  # type: ignore[arg-type]
    assert found.object == "chat.completion"
    assert (found.choices[0].message.content, found.choices[0].finish_reason) == (HARD, "stop")
