"""Local servers, and how loosely they take OpenAI's format."""

from itertools import pairwise

import msgspec
import pytest
from cuts import HARD, check_every_cut, play, recording

from sluice.core.errors import (
    ContextTooLong,
    ProviderBadResponse,
    ProviderError,
    ProviderModelNotFound,
    ProviderRefused,
)
from sluice.core.events import Event, Finished, ReasoningDelta, TextDelta, ToolCall, Usage
from sluice.core.messages import Message, Prompt
from sluice.providers.local import Local, normal, parse_models
from sluice.providers.thinking import Thinking

WIRE = Local("http://localhost:11434", None)

EXPECTED: dict[str, list[Event]] = {
    "local_bare": [*map(TextDelta, HARD), Finished("stop")],
    "local_think": [
        ReasoningDelta("Okay, the user…"),
        ReasoningDelta(" 1 < 2, </b> and"),
        TextDelta("Hel"),
        TextDelta("lo <think>literally</think>"),
        Finished("stop"),
    ],
    "local_odd": [
        TextDelta("No space, "),
        Usage(5, 1),
        TextDelta("no index."),
        Usage(5, 2),
        Finished("stop"),
    ],
    "local_reasoning_field": [
        ReasoningDelta("Okay, "),
        ReasoningDelta("so…"),
        TextDelta("Hello"),
        TextDelta("!"),
        Usage(7, 4),
        Finished("length"),
    ],
    "local_tools": [
        ToolCall("call_1", "weather", '{"city":"A"}'),
        ToolCall("call_2", "weather", '{"city":"B"}'),
        ToolCall("call-2", "clock", "{}"),  # the id is ours
        Finished("tools"),
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recording_gives_the_same_events_wherever_it_is_cut(name: str) -> None:
    check_every_cut(WIRE, recording(name), (EXPECTED[name], None))


def think(text: str, *cuts: int) -> tuple[str, str]:
    """The thoughts and the text of an answer that comes in pieces."""
    thinking = Thinking()
    edges = sorted({0, *cuts, len(text)})
    events = [
        event for begin, end in pairwise(edges) for event in thinking.feed(text[begin:end])
    ] + thinking.end()
    thoughts = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    assert all(event.text for event in events if isinstance(event, TextDelta | ReasoningDelta))
    return thoughts, "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    ("text", "thoughts", "answer"),
    [
        ("<think>a</think>b", "a", "b"),
        ("\n <think>\na\n</think>\n\nb\n", "\na\n", "b\n"),
        ("<think></think>b", "", "b"),
        ("<think>a", "a", ""),
        ("<think>a</thin", "a</thin", ""),
        ("<think>a</</think>b", "a</", "b"),
        ("<think>a</think>", "a", ""),
        ("<thin", "", "<thin"),
        ("<thinking>a</thinking>", "", "<thinking>a</thinking>"),
        ("  b", "", "  b"),
        ("b <think>a</think>", "", "b <think>a</think>"),
    ],
)
def test_thoughts_are_parted_from_text_wherever_a_tag_is_cut(
    text: str, thoughts: str, answer: str
) -> None:
    for one in range(len(text) + 1):
        for two in range(one, len(text) + 1):
            assert think(text, one, two) == (thoughts, answer)
    assert think(text, *range(1, len(text))) == (thoughts, answer)


@pytest.mark.parametrize(
    "given", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/",
              "http://h:1/v1/chat/completions"],
)  # fmt: skip
def test_an_address_may_end_in_v1_or_not(given: str) -> None:
    assert normal(given) == "http://h:1/v1"
    request = Local(given, "k").request(Prompt("m", (Message("user", "Hi"),), 7, 0.0))
    assert request.url == "http://h:1/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer k"
    body = msgspec.json.decode(request.body)
    assert (body["max_tokens"], body["temperature"]) == (7, 0.0)
    assert "max_completion_tokens" not in body


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (404, b'{"error":{"message":"model \\"x\\" not found, try pulling it first","type":'
              b'"api_error","param":null,"code":null}}',
         ProviderModelNotFound, 'model "x" not found, try pulling it first'),
        (404, b'{"error":"model \'x\' not found"}', ProviderModelNotFound,
         "model 'x' not found"),
        (404, b'{"detail":"Not Found"}', ProviderBadResponse, ProviderBadResponse.text),
        (400, b'{"error":{"code":400,"message":"the request exceeds the available context size",'
              b'"type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":8}}',
         ContextTooLong, "the request exceeds the available context size"),
        (400, b'{"object":"error","message":"This model\'s maximum context length is 8 tokens.",'
              b'"type":"BadRequestError","param":null,"code":400}',
         ContextTooLong, "This model's maximum context length is 8 tokens."),
        (422, b'{"detail":[{"loc":["body"],"msg":"field required"}]}', ProviderRefused,
         "field required"),
    ],
)  # fmt: skip
def test_local_servers_refuse_in_many_shapes(
    status: int, body: bytes, kind: type[ProviderError], text: str
) -> None:
    found = WIRE.refusal(status, {}, body)
    assert (type(found), found.message) == (kind, text)


def test_a_list_of_models_is_read() -> None:
    assert parse_models(b'{"object":"list","data":[{"id":"a","x":1},{"id":"b"}]}') == ["a", "b"]
    assert parse_models(b'{"object":"list","data":null}') == []
    for bad in (b"<html>", b'{"data":[{"name":"a"}]}', b""):
        with pytest.raises(ProviderBadResponse):
            parse_models(bad)


def test_what_was_held_back_as_half_a_tag_is_said_at_the_end() -> None:
    body = b'data: {"choices":[{"delta":{"content":"<thi"}}]}\n\n'
    stop = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
    assert play(WIRE, [body, stop]) == ([TextDelta("<thi"), Finished("stop")], None)
    assert play(WIRE, [body, b"data: [DONE]\n\n"]) == ([TextDelta("<thi"), Finished("stop")], None)
