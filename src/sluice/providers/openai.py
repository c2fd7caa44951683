"""OpenAI chat completions: the request, the stream, the refusals. Does no I/O.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from sluice.core.errors import ProviderError, ProviderUnavailable
from sluice.core.events import (
    Event,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from sluice.core.messages import Image, Message, Prompt
from sluice.providers import refusals
from sluice.providers.parts import data_url, told
from sluice.providers.spoilt import Keyed
from sluice.providers.stream import StreamDecoder
from sluice.providers.thinking import Thinking
from sluice.providers.toolcalls import ToolCalls
from sluice.providers.wire import Request

# Beyond OpenAI's own: the words of those who imitate it.
FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "content_filter",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "sensitive": "content_filter",  # GLM
}
BROKEN = {"error", "abort", "insufficient_system_resource", "network_error"}

# These models think, choose their own temperature, and refuse a request that names one.
THINKERS = ("o1", "o3", "o4", "gpt-5")


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None  # an object, from some local servers


class _Call(msgspec.Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None  # DeepSeek, llama.cpp
    reasoning: str | None = None  # Ollama, vLLM
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Chunk)


class Decoder(StreamDecoder[_Chunk]):
    """One chat completion's stream. `thinking` looks for thoughts in the text itself."""

    def __init__(self, key: str | None, thinking: Thinking | None = None) -> None:
        super().__init__(_decoder)
        self._key = key
        self._thinking = thinking
        self._tools = ToolCalls()

    def take(self, chunk: _Chunk, events: list[Event]) -> None:
        if chunk.choices:
            choice = chunk.choices[0]  # we never ask for more than one
            if choice.delta is not None:
                self._delta(choice.delta, events)
            if choice.finish_reason:
                self._finish_reason(choice.finish_reason, events)
        if chunk.usage is not None:
            self.report(_usage(chunk.usage), events)
        if chunk.error:
            raise refusals.from_stream(chunk.error, self._key)

    def _delta(self, delta: _Delta, events: list[Event]) -> None:
        if text := delta.content:
            self._said = True
            if self._thinking is None:
                events.append(TextDelta(text))
            else:
                events += self._thinking.feed(text)
        elif thought := delta.reasoning_content or delta.reasoning:
            self._said = True
            events.append(ReasoningDelta(thought))
        elif text := delta.refusal:
            # The model's own words to the user, in a field of their own.
            self._said = True
            events.append(TextDelta(text))
        if delta.tool_calls:
            self._said = True
            for call in delta.tool_calls:
                self._call(call)

    def _call(self, call: _Call) -> None:
        function = call.function or _Function()
        arguments = function.arguments
        if isinstance(arguments, dict):
            arguments = msgspec.json.encode(arguments).decode()
        self._tools.add(call.index, call.id, function.name, arguments)

    def _finish_reason(self, reason: str, events: list[Event]) -> None:
        if reason in BROKEN:
            raise ProviderUnavailable
        self._flush(events)
        self.conclude(FINISH.get(reason, "stop"))

    def finish(self, events: list[Event]) -> None:
        self._flush(events)
        super().finish(events)

    def _flush(self, events: list[Event]) -> None:
        """What has been held back until it was whole."""
        if self._thinking is not None:
            events += self._thinking.end()
        calls, broken = self._tools.take()
        events += calls
        self.malformed += broken


def _usage(usage: _Usage) -> Usage:
    details = usage.completion_tokens_details
    return Usage(
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        reasoning_tokens=(details.reasoning_tokens if details else None) or 0,
    )


class OpenAI(Keyed):
    """OpenAI, at `base_url` (which ends in `/v1`)."""

    def __init__(self, base_url: str, key: str | None) -> None:
        super().__init__(key)
        self._url = base_url.rstrip("/") + "/chat/completions"

    def request(self, prompt: Prompt) -> Request:
        body = chat_body(prompt)
        if prompt.max_tokens is not None:
            body["max_completion_tokens"] = prompt.max_tokens
        if prompt.temperature is not None and not prompt.model.startswith(THINKERS):
            body["temperature"] = prompt.temperature
        return Request(self._url, bearer(self._key), msgspec.json.encode(body))

    def decoder(self) -> Decoder:
        return Decoder(self._key)

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return refusals.from_response(status, headers, body, self._key)


def chat_body(prompt: Prompt) -> dict[str, Any]:
    """The part of a request that every imitator of OpenAI understands."""
    return {
        "model": prompt.model,
        "messages": [{"role": turn.role, "content": content(turn)} for turn in prompt.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def content(turn: Message) -> str | list[dict[str, Any]]:
    """A turn's text; its parts where it has a picture."""
    said = told(turn)
    return said if isinstance(said, str) else [_part(piece) for piece in said]


def _part(piece: Image | str) -> dict[str, Any]:
    if isinstance(piece, str):
        return {"type": "text", "text": piece}
    return {"type": "image_url", "image_url": {"url": data_url(piece)}}


def bearer(key: str | None) -> dict[str, str]:
    """The headers of a request; the only place where a key goes."""
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers
