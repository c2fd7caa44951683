"""Gemini's format: recorded bytes → events, refusals as a table, requests as its SDK sees them."""

import msgspec
import pytest
from cuts import HARD, check_every_cut, data_lines, play, recording
from google.genai import types

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
from sluice.providers.gemini import Gemini

BASE = "https://generativelanguage.googleapis.com/v1beta"
WIRE = Gemini(BASE, "AIza-key")

EXPECTED: dict[str, tuple[list[Event], type[ProviderError] | None]] = {
    "gemini_thinking": (
        [
            ReasoningDelta("**Weighing** it… "),
            Usage(8, 12, 12),
            ReasoningDelta("漢字\n"),
            Usage(8, 30, 30),
            *(
                event
                for n, text in enumerate(HARD)
                for event in (TextDelta(text), Usage(8, 4 * n + 34, 30))
            ),
            TextDelta("."),
            Usage(13, 74, 30),
            Finished("stop"),
        ],
        None,
    ),
    "gemini_safety": ([Usage(11, 0), Finished("content_filter")], None),
    "gemini_blocked_prompt": ([Usage(11, 0)], ContentFiltered),
    "gemini_thought_too_long": (
        [ReasoningDelta("Hmm, "), Usage(8, 50, 50), Usage(8, 100, 100), Finished("length")],
        None,
    ),
    "gemini_malformed_call": ([Usage(9, 0)], ProviderBadResponse),
    "gemini_tools": (
        [
            TextDelta("Looking."),
            ToolCall("call-0", "weather", '{"city":"Hà Nội"}'),
            Usage(8, 10),
            ToolCall("f2", "clock", "{}"),
            Usage(8, 14),
            Finished("tools"),
        ],
        None,
    ),
    "gemini_error": ([TextDelta("Half an ans"), Usage(8, 4)], ProviderUnavailable),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recording_gives_the_same_events_wherever_it_is_cut(name: str) -> None:
    check_every_cut(WIRE, recording(name), EXPECTED[name])


@pytest.mark.parametrize("name", [name for name in EXPECTED if name != "gemini_error"])
def test_the_sdk_knows_every_chunk_of_the_recordings(name: str) -> None:
    for data in data_lines(name):
        types.GenerateContentResponse.model_validate_json(data)


def chunk(text: str | None = None, reason: str | None = None) -> bytes:
    candidate: dict[str, object] = {"index": 0}
    if text is not None:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    if reason is not None:
        candidate["finishReason"] = reason
    return b"data: %s\r\n\r\n" % msgspec.json.encode({"candidates": [candidate]})


FILTERED = [
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
    "MODEL_ARMOR",
]  # fmt: skip
SENSELESS = [
    "OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "FROM_2030",
]  # fmt: skip


@pytest.mark.parametrize("reason", FILTERED)
def test_a_filter_ends_an_answer_with_or_without_text(reason: str) -> None:
    assert play(WIRE, [chunk(None, reason)]) == ([Finished("content_filter")], None)
    assert play(WIRE, [chunk("a"), chunk(None, reason)]) == (
        [TextDelta("a"), Finished("content_filter")],
        None,
    )


@pytest.mark.parametrize("reason", SENSELESS)
def test_a_senseless_end_is_an_error_only_where_nothing_was_said(reason: str) -> None:
    assert play(WIRE, [chunk(None, reason)]) == ([], ProviderBadResponse)
    assert play(WIRE, [chunk("a", reason)]) == ([TextDelta("a"), Finished("stop")], None)


def test_an_end_without_text_still_has_a_reason() -> None:
    assert play(WIRE, [chunk(None, "STOP")]) == ([Finished("stop")], None)
    assert play(WIRE, [chunk(None, "MAX_TOKENS")]) == ([Finished("length")], None)


def test_a_stream_that_just_stops_is_never_a_short_answer() -> None:
    assert play(WIRE, [chunk("a")]) == ([TextDelta("a")], ProviderUnavailable)
    assert play(WIRE, []) == ([], ProviderUnavailable)


def test_a_request_is_what_the_sdk_would_send() -> None:
    turns = (
        Message("system", "Be brief."), Message("user", "One"), Message("user", "two"),
        Message("assistant", "Three"), Message("user", "漢字\0?"),
    )  # fmt: skip
    request = WIRE.request(Prompt("gemini-2.5-flash", turns, 99, 0.25))
    body = msgspec.json.decode(request.body)
    for content in (*body["contents"], body["systemInstruction"]):
        types.Content.model_validate(content)
    types.GenerationConfig.model_validate(body["generationConfig"])
    assert request.url == f"{BASE}/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert request.headers["x-goog-api-key"] == "AIza-key"
    assert body == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "One\n\ntwo"}]},
            {"role": "model", "parts": [{"text": "Three"}]},
            {"role": "user", "parts": [{"text": "漢字\0?"}]},
        ],
        "generationConfig": {"maxOutputTokens": 99, "temperature": 0.25},
    }


def test_what_is_not_set_is_not_sent() -> None:
    request = Gemini(BASE, None).request(Prompt("m", (Message("user", "Hi"),)))
    assert msgspec.json.decode(request.body).keys() == {"contents"}
    assert "x-goog-api-key" not in request.headers


@pytest.mark.parametrize("model", ["../../x", "a?key=b", "a#b", "a/b", "a b", "a%2Fb", "á\n"])
def test_a_models_name_cannot_say_more_than_a_name(model: str) -> None:
    url = Gemini(BASE, None).request(Prompt(model, ())).url
    name = url.removeprefix(f"{BASE}/models/").removesuffix(":streamGenerateContent?alt=sse")
    assert not set(name) & set("/?# \n")
    assert name.isascii()


INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
TOO_LONG = "The input token count (9) exceeds the maximum number of tokens allowed (8)."


@pytest.mark.parametrize(
    ("status", "name", "text", "details", "kind"),
    [
        (400, "INVALID_ARGUMENT", "Bad role", [], ProviderRefused),
        (400, "INVALID_ARGUMENT", TOO_LONG, [], ContextTooLong),
        (400, "INVALID_ARGUMENT", "API key not valid.", [BAD_KEY], ProviderAuth),
        (400, "INVALID_ARGUMENT", "API key not valid. Please…", [], ProviderAuth),
        (400, "FAILED_PRECONDITION", "User location is not supported", [], ProviderRefused),
        (401, "UNAUTHENTICATED", "Who?", [], ProviderAuth),
        (403, "PERMISSION_DENIED", "No", [], ProviderAuth),
        (404, "NOT_FOUND", "models/x is not found for API version v1beta", [],
         ProviderModelNotFound),
        (429, "RESOURCE_EXHAUSTED", "Quota", [INFO], ProviderRateLimited),
        (500, "INTERNAL", "Oops", [], ProviderUnavailable),
        (503, "UNAVAILABLE", "Overloaded", [INFO], ProviderUnavailable),
        (504, "DEADLINE_EXCEEDED", "Late", [], ProviderUnavailable),
    ],
)  # fmt: skip
def test_a_refusal_is_one_of_our_errors(
    status: int, name: str, text: str, details: list[object], kind: type[ProviderError]
) -> None:
    error = {"error": {"code": status, "message": text, "status": name, "details": details}}
    for body in (error, [error]):
        found = WIRE.refusal(status, {}, msgspec.json.encode(body))
        assert type(found) is kind
        quoted = kind in (ProviderRefused, ContextTooLong, ProviderModelNotFound)
        assert found.message == (text if quoted else kind.text)
        assert found.retry_after == (34.5 if INFO in details else None)
