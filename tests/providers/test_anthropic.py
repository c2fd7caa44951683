"""Anthropic's format: recorded bytes → events, refusals as a table, requests as by its SDK."""

import msgspec
import pytest
from anthropic.types import RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from cuts import HARD, check_every_cut, data_lines, play, recording
from pydantic import TypeAdapter

from sluice.core.errors import (
    ContentFiltered,
    ContextTooLong,
    ProviderAuth,
    ProviderBadResponse,
    ProviderError,
    ProviderModelNotFound,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)
from sluice.core.events import Event, Finished, ReasoningDelta, TextDelta, ToolCall, Usage
from sluice.core.messages import Message, Prompt
from sluice.providers.anthropic import Anthropic

WIRE = Anthropic("https://api.anthropic.com", "sk-ant-key")

EXPECTED: dict[str, tuple[list[Event], type[ProviderError] | None]] = {
    "anthropic_thinking": (
        [
            Usage(125, 1),
            ReasoningDelta("Let me "),
            ReasoningDelta("think… 漢字"),
            *map(TextDelta, HARD),
            Usage(125, 64, 20),
            Finished("stop"),
        ],
        None,
    ),
    "anthropic_overloaded": ([Usage(125, 1), TextDelta("Half an ans")], ProviderUnavailable),
    "anthropic_tools": (
        [
            Usage(125, 1),
            TextDelta("Looking."),
            ToolCall("toolu_01", "weather", '{"city": "Hà Nội"}'),
            ToolCall("toolu_02", "clock", "{}"),
            Usage(125, 89),
            Finished("tools"),
        ],
        None,
    ),
    "anthropic_refusal": ([Usage(125, 1), Usage(125, 2), Finished("content_filter")], None),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recording_gives_the_same_events_wherever_it_is_cut(name: str) -> None:
    check_every_cut(WIRE, recording(name), EXPECTED[name])


@pytest.mark.parametrize("name", EXPECTED)
def test_the_sdk_knows_every_event_of_the_recordings(name: str) -> None:
    known: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
    beyond = [b'"type":"ping"', b'"type":"something_new"', b'"type":"error"']
    for data in data_lines(name):
        if not any(mark in data for mark in beyond):
            known.validate_json(data)


def stream(*events: dict[str, object]) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (str(event["type"]).encode(), msgspec.json.encode(event))
        for event in events
    )


def said(text: str) -> dict[str, object]:
    return {
        "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text},
    }  # fmt: skip


def reason(word: str | None) -> dict[str, object]:
    return {"type": "message_delta", "delta": {"stop_reason": word}, "usage": None}


STOP: dict[str, object] = {"type": "message_stop"}


@pytest.mark.parametrize(
    ("events", "ending"),
    [
        ([said("a")], ([TextDelta("a")], ProviderUnavailable)),
        ([], ([], ProviderUnavailable)),
        ([said("a"), reason("end_turn")], ([TextDelta("a"), Finished("stop")], None)),
        ([said("a"), reason(None), STOP], ([TextDelta("a"), Finished("stop")], None)),
        ([STOP], ([], ProviderBadResponse)),
        ([said("a"), reason("max_tokens"), STOP], ([TextDelta("a"), Finished("length")], None)),
        ([said("a"), reason("pause_turn"), STOP], ([TextDelta("a"), Finished("stop")], None)),
        ([said("a"), reason("from_2030"), STOP], ([TextDelta("a"), Finished("stop")], None)),
        ([said("a"), reason("model_context_window_exceeded"), STOP],
         ([TextDelta("a"), Finished("length")], None)),
    ],
)  # fmt: skip
def test_a_stream_that_just_stops_is_never_a_short_answer(
    events: list[dict[str, object]], ending: tuple[list[Event], type[ProviderError] | None]
) -> None:
    assert play(WIRE, [stream(*events)]) == ending


def test_a_request_is_what_the_sdk_would_send() -> None:
    turns = (
        Message("system", "Be brief."), Message("user", "One"), Message("user", "two"),
        Message("assistant", " "), Message("system", "Be kind."), Message("assistant", "Three"),
        Message("user", "漢字\0?"),
    )  # fmt: skip
    request = WIRE.request(Prompt("claude-haiku-4-5", turns, temperature=1.7))
    body = msgspec.json.decode(request.body)
    TypeAdapter(MessageCreateParamsStreaming).validate_python(body)
    assert request.url == "https://api.anthropic.com/v1/messages"
    assert request.headers["x-api-key"] == "sk-ant-key"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert body == {
        "model": "claude-haiku-4-5",
        "system": "Be brief.\n\nBe kind.",
        "messages": [
            {"role": "user", "content": "One\n\ntwo"},
            {"role": "assistant", "content": "Three"},
            {"role": "user", "content": "漢字\0?"},
        ],
        "max_tokens": 4096,
        "temperature": 1.0,
        "stream": True,
    }


def test_what_is_not_set_is_not_sent() -> None:
    request = Anthropic("http://x/v1/", None).request(Prompt("m", (Message("user", "Hi"),), 5))
    body = msgspec.json.decode(request.body)
    assert body.keys() == {"model", "messages", "max_tokens", "stream"}
    assert body["max_tokens"] == 5
    assert request.url == "http://x/v1/messages"
    assert "x-api-key" not in request.headers


@pytest.mark.parametrize(
    ("status", "type", "text", "kind"),
    [
        (400, "invalid_request_error", "max_tokens: too large", ProviderRefused),
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8", ContextTooLong),
        (400, "invalid_request_error", "Your credit balance is too low", ProviderAuth),
        (400, "invalid_request_error", "Output blocked by content filtering policy",
         ContentFiltered),
        (401, "authentication_error", "invalid x-api-key", ProviderAuth),
        (402, "billing_error", "Pay", ProviderAuth),
        (403, "permission_error", "No", ProviderAuth),
        (404, "not_found_error", "model: claude-0", ProviderModelNotFound),
        (404, "not_found_error", "Not found", ProviderBadResponse),
        (413, "request_too_large", "Too large", ContextTooLong),
        (429, "rate_limit_error", "Slow", ProviderRateLimited),
        (500, "api_error", "Oops", ProviderUnavailable),
        (504, "timeout_error", "Late", ProviderUnavailable),
        (529, "overloaded_error", "Overloaded", ProviderUnavailable),
    ],
)  # fmt: skip
def test_a_refusal_is_one_of_our_errors(
    status: int, type: str, text: str, kind: type[ProviderError]
) -> None:
    error = {"type": "error", "error": {"type": type, "message": text}, "request_id": "req_1"}
    found = WIRE.refusal(status, {"retry-after": "3"}, msgspec.json.encode(error))
    assert found.__class__ is kind
    quoted = kind in (ProviderRefused, ContextTooLong, ProviderModelNotFound)
    assert found.message == text if quoted else text not in found.message
    assert found.retry_after == 3.0


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("overloaded_error", ProviderUnavailable),
        ("api_error", ProviderUnavailable),
        ("rate_limit_error", ProviderRateLimited),
        ("invalid_request_error", ProviderRefused),
        ("authentication_error", ProviderAuth),
        ("from_2030", ProviderUnavailable),
    ],
)
def test_an_error_in_the_stream_is_raised(type: str, kind: type[ProviderError]) -> None:
    error = {"type": "error", "error": {"type": type, "message": "Hm"}}
    assert play(WIRE, [stream(said("a"), error)]) == ([TextDelta("a")], kind)
