"""OpenAI's format: recorded bytes → events, refusals as a table, requests as its SDK sees them."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from cuts import HARD, check_every_cut, data_lines, play, recording
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
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
from sluice.providers.openai import OpenAI

KEY = "sk-test-0123456789abcdef"
WIRE = OpenAI("https://api.openai.com/v1/", KEY)

EXPECTED: dict[str, tuple[list[Event], type[ProviderError] | None]] = {
    "openai_usage": ([*map(TextDelta, HARD), Usage(19, 42, 30), Finished("stop")], None),
    "openai_content_filter": (
        [TextDelta("Mix the "), Usage(9, 3), Finished("content_filter")],
        None,
    ),
    "openai_error": ([TextDelta("Half an ans")], ProviderUnavailable),
    "openai_refusal": (
        [TextDelta("I can't "), TextDelta("help with that."), Usage(9, 6), Finished("stop")],
        None,
    ),
    "openai_tools": (
        [
            ToolCall("call_a", "weather", '{"city":"Hà Nội"}'),
            ToolCall("call_b", "clock", "{}"),
            Usage(50, 30),
            Finished("tools"),
        ],
        None,
    ),
    "openai_surrogates": (
        [
            TextDelta("whole 😀 half "),
            TextDelta("😀 lone "),
            TextDelta("\ufffdthen"),
            TextDelta("\ufffd low"),
            TextDelta(" fine"),
            TextDelta("end "),
            TextDelta("\ufffd"),
            Finished("stop"),
        ],
        None,
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recording_gives_the_same_events_wherever_it_is_cut(name: str) -> None:
    check_every_cut(WIRE, recording(name), EXPECTED[name])


# Neither errors nor halves of a character get through the SDK's models.
SOUND = [name for name in EXPECTED if name not in ("openai_error", "openai_surrogates")]


@pytest.mark.parametrize("name", SOUND)
def test_the_sdk_reads_the_recordings_as_we_do(name: str) -> None:
    chunks = [ChatCompletionChunk.model_validate_json(data) for data in data_lines(name)]
    said = "".join(
        chunk.choices[0].delta.content or chunk.choices[0].delta.refusal or ""
        for chunk in chunks
        if chunk.choices
    )
    events, _ = play(WIRE, [recording(name)])
    ours = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert said == ours


def stream(*chunks: object) -> bytes:
    texts = [chunk if isinstance(chunk, bytes) else msgspec.json.encode(chunk) for chunk in chunks]
    return b"".join(b"data: " + text + b"\n\n" for text in texts)


def delta(finish: str | None = None, **fields: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


HI = delta(content="Hi")
STOP = delta("stop")
BROKEN = b'{"choices":[{"delta":{"content":"Hi'
NOT_UTF8 = b'{"choices":[{"delta":{"content":"\xff"}}]}'
WRONG_TYPE = b'{"choices":[{"delta":{"content":5}}]}'
DEEP = b'{"x":' + b"[" * 100_000
DONE = b"[DONE]"


@pytest.mark.parametrize("bad", [BROKEN, NOT_UTF8, WRONG_TYPE, DEEP, b"<html>"])
def test_one_malformed_chunk_is_skipped_and_counted(bad: bytes) -> None:
    decoder = WIRE.decoder()
    events = decoder.feed(stream(HI, bad, HI, bad, HI, STOP, DONE))
    assert events == [TextDelta("Hi")] * 3 + [Finished("stop")]
    assert decoder.malformed == 2


@pytest.mark.parametrize("bad", [BROKEN, NOT_UTF8, WRONG_TYPE, DEEP, b"<html>"])
def test_two_malformed_chunks_in_a_row_fail_the_stream(bad: bytes) -> None:
    body = stream(HI, bad, bad, HI, STOP, DONE)
    assert play(WIRE, [body]) == ([TextDelta("Hi")], ProviderBadResponse)
    assert play(WIRE, [stream(bad), stream(bad)]) == ([], ProviderBadResponse)


@pytest.mark.parametrize(
    ("chunks", "events", "error"),
    [
        ([HI], [TextDelta("Hi")], ProviderUnavailable),
        ([], [], ProviderUnavailable),
        ([HI, STOP], [TextDelta("Hi"), Finished("stop")], None),
        ([HI, DONE], [TextDelta("Hi"), Finished("stop")], None),
        ([DONE], [], ProviderBadResponse),
        ([STOP, DONE], [Finished("stop")], None),
        ([HI, delta("abort")], [TextDelta("Hi")], ProviderUnavailable),
        ([HI, delta("eos")], [TextDelta("Hi"), Finished("stop")], None),
        ([HI, STOP, delta("length"), DONE], [TextDelta("Hi"), Finished("stop")], None),
        ([delta(reasoning="Hm"), STOP], [ReasoningDelta("Hm"), Finished("stop")], None),
    ],
)
def test_a_stream_that_just_stops_is_never_a_short_answer(
    chunks: list[object], events: list[Event], error: type[ProviderError] | None
) -> None:
    assert play(WIRE, [stream(*chunks)]) == (events, error)


def test_finishing_is_seen_with_the_finish_reason() -> None:
    decoder = WIRE.decoder()
    seen = [(decoder.feed(stream(chunk)), decoder.finishing)[1] for chunk in (HI, STOP)]
    assert seen == [False, True]


def test_a_tool_call_cut_by_the_limit_is_dropped_and_counted() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a":'}}
    decoder = WIRE.decoder()
    assert decoder.feed(stream(delta(tool_calls=[call]), delta("length"), DONE)) == [
        Finished("length")
    ]
    assert decoder.malformed == 1


def test_half_a_character_in_a_tool_call_is_mended() -> None:
    one = b'{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":' \
          b'{"name":"f","arguments":"\\"\\ud83d"}}]}}]}'  # fmt: skip
    two = b'{"choices":[{"delta":{"tool_calls":[{"index":0,"function":' \
          b'{"arguments":"\\ude00\\""}}]}}]}'  # fmt: skip
    events, _ = play(WIRE, [stream(one, two, delta("tool_calls"))])
    assert events == [ToolCall("c", "f", '"😀"'), Finished("tools")]


PROMPT = Prompt(
    "gpt-4o-mini",
    (Message("system", "Be brief."), Message("user", "漢字\0?"), Message("assistant", "Yes.")),
    max_tokens=100,
    temperature=0.5,
)


def test_a_request_is_what_the_sdk_would_send() -> None:
    request = WIRE.request(PROMPT)
    body = msgspec.json.decode(request.body)
    TypeAdapter(CompletionCreateParamsStreaming).validate_python(body)
    assert request.url == "https://api.openai.com/v1/chat/completions"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert body == {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "漢字\0?"},
            {"role": "assistant", "content": "Yes."},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 100,
        "temperature": 0.5,
    }


@pytest.mark.parametrize(
    ("model", "has"), [("gpt-4o", True), ("o1-mini", False), ("o4-mini", False), ("gpt-5", False)]
)
def test_a_reasoning_model_is_not_told_a_temperature(model: str, has: bool) -> None:
    body = msgspec.json.decode(WIRE.request(msgspec.structs.replace(PROMPT, model=model)).body)
    assert ("temperature" in body) is has


def test_what_is_not_set_is_not_sent() -> None:
    request = OpenAI("http://x/v1", None).request(Prompt("m", (Message("user", "Hi"),)))
    body = msgspec.json.decode(request.body)
    assert body.keys() == {"model", "messages", "stream", "stream_options"}
    assert "Authorization" not in request.headers


def error(message: str = "No.", type: str = "", code: object = None) -> dict[str, object]:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


REFUSALS: list[tuple[int, object, type[ProviderError], str]] = [
    (401, error("Wrong key", "invalid_request_error", "invalid_api_key"), ProviderAuth, ""),
    (403, error("Country not supported", "request_forbidden"), ProviderAuth, ""),
    (404, error("The model `x` does not exist", "invalid_request_error", "model_not_found"),
     ProviderModelNotFound, "The model `x` does not exist"),
    (404, "<html>nginx</html>", ProviderBadResponse, ""),
    (400, error("max_tokens is too large", "invalid_request_error"), ProviderRefused,
     "max_tokens is too large"),
    (422, error("Bad"), ProviderRefused, "Bad"),
    (400, error("8192 tokens at most", "invalid_request_error", "context_length_exceeded"),
     ContextTooLong, "8192 tokens at most"),
    (400, error("This model's maximum context length is 10 tokens."), ContextTooLong,
     "This model's maximum context length is 10 tokens."),
    (400, error("Flagged", "image_generation_user_error", "moderation_blocked"),
     ContentFiltered, ""),
    (400, error("Azure", "", "content_filter"), ContentFiltered, ""),
    (413, "", ContextTooLong, ""),
    (429, error("Slow", "requests", "rate_limit_exceeded"), ProviderRateLimited, ""),
    (429, error("Pay", "insufficient_quota", "insufficient_quota"), ProviderAuth,
     "The provider says that our account may not spend more."),
    (408, "", ProviderUnavailable, ""),
    (500, error("Oops", "server_error"), ProviderUnavailable, ""),
    (502, "<html>bad gateway</html>", ProviderUnavailable, ""),
    (529, "", ProviderUnavailable, ""),
    (302, "", ProviderBadResponse, ""),
    (204, "", ProviderBadResponse, ""),
    (200, {"choices": []}, ProviderBadResponse, ""),
    (200, error("Slow", "x", 429), ProviderRateLimited, ""),
    (200, error("Slow", "rate_limit_error"), ProviderRateLimited, ""),
    (400, [1, 2], ProviderRefused, ""),
    (400, error(message=None), ProviderRefused, ""),  # pyright: ignore
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "text"), REFUSALS)
def test_a_refusal_is_one_of_our_errors(
    status: int, body: object, kind: type[ProviderError], text: str
) -> None:
    raw = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    found = WIRE.refusal(status, {}, raw)
    assert (type(found), found.message) == (kind, text or kind.text)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_a_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert WIRE.refusal(429, headers, b"").retry_after == seconds


@pytest.mark.parametrize(("ahead", "seconds"), [(90, 90.0), (-90, 0.0)])
def test_a_date_to_wait_for_is_reckoned_from_the_responses_own(ahead: int, seconds: float) -> None:
    now = datetime(2026, 2, 28, 23, 59, 30, tzinfo=UTC)
    headers = {
        "date": format_datetime(now, usegmt=True),
        "retry-after": format_datetime(now + timedelta(seconds=ahead), usegmt=True),
    }
    assert WIRE.refusal(429, headers, b"").retry_after == seconds
    assert WIRE.refusal(429, headers | {"date": "?"}, b"").retry_after is None


@pytest.mark.parametrize(
    "secret",
    [KEY, "sk-proj-aB3_x9yz", "AIzaSyD-12345678", "Bearer abc.def", "api_key=hunter22"],
)
def test_a_providers_own_text_never_holds_a_key(secret: str) -> None:
    found = WIRE.refusal(400, {}, msgspec.json.encode(error(f"You sent {secret} \n\0 wrongly.")))
    assert "[removed]" in found.message
    assert not any(part in found.message for part in ("0123", "x9yz", "1234", "def", "hunter"))
    assert found.message.endswith("wrongly.")
    assert found.message.isprintable()


def test_a_providers_own_text_is_kept_short_and_is_no_stack_trace() -> None:
    assert len(WIRE.refusal(400, {}, msgspec.json.encode(error("x" * 999))).message) == 300
    trace = error('Traceback (most recent call last):\n File "/srv/x.py"')
    assert WIRE.refusal(400, {}, msgspec.json.encode(trace)).message == ProviderRefused.text


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ({"message": "Oops", "type": "server_error", "code": None}, ProviderUnavailable),
        ({"message": "Bad", "type": "invalid_request_error"}, ProviderRefused),
        ({"message": "Slow", "code": "rate_limit_exceeded"}, ProviderRateLimited),
        ({"message": "Too long", "code": 400, "type": "exceed_context_size_error"},
         ContextTooLong),
        ({"message": "Slow", "code": 429}, ProviderRateLimited),
        ("just text", ProviderUnavailable),
    ],
)  # fmt: skip
def test_an_error_in_the_stream_is_raised_after_what_came_before_it(
    inner: object, kind: type[ProviderError]
) -> None:
    body = stream(HI, {"error": inner})
    assert play(WIRE, [body]) == ([TextDelta("Hi")], kind)
    assert play(WIRE, [stream({"error": inner})]) == ([], kind)
    decoder = WIRE.decoder()
    assert decoder.feed(body) == [TextDelta("Hi")]
    assert decoder.finishing
    with pytest.raises(kind):
        decoder.feed(b"")
