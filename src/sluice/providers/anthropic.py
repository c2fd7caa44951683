"""Anthropic Messages: the request, the stream, the refusals. Does no I/O.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from sluice.core.errors import ProviderError
from sluice.core.events import Event, FinishReason, ReasoningDelta, TextDelta, Usage
from sluice.core.messages import Image, Message, Prompt
from sluice.providers import refusals
from sluice.providers.parts import pieces, quoted
from sluice.providers.spoilt import Keyed
from sluice.providers.stream import StreamDecoder
from sluice.providers.toolcalls import ToolCalls
from sluice.providers.turns import split
from sluice.providers.wire import Request

VERSION = "2023-06-01"
MAX_TOKENS = 4096  # the API has no default of its own
HOTTEST = 1.0  # its temperatures end there

FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tools",
    "refusal": "content_filter",
}


class _Details(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: _Details | None = None


class _Message(msgspec.Struct, gc=False):
    usage: _Usage | None = None


class _Block(msgspec.Struct, gc=False):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None


class _Delta(msgspec.Struct, gc=False):
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    """Every event in one: an unknown one then decodes too, and says nothing."""

    type: str | None = None
    index: int | None = None
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: _Message | None = None
    usage: _Usage | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Chunk)


class Decoder(StreamDecoder[_Chunk]):
    """One message's stream."""

    def __init__(self, key: str | None) -> None:
        super().__init__(_decoder)
        self._key = key
        self._tools = ToolCalls()
        self._tool: int | None = None  # the index of the tool's block that is open
        self._tokens = _Usage()

    def take(self, chunk: _Chunk, events: list[Event]) -> None:
        match chunk.type:
            case "content_block_delta" if chunk.delta is not None:
                self._delta(chunk.delta, chunk.index, events)
            case "content_block_start" if chunk.content_block is not None:
                self._start(chunk.content_block, chunk.index, events)
            case "message_start" if chunk.message is not None:
                self._count(chunk.message.usage, events)
            case "message_delta":
                self._message(chunk, events)
            case "message_stop":
                self.finish(events)
            case _:  # pings, the ends of blocks, and what has been invented since
                if chunk.error:
                    raise refusals.from_stream(chunk.error, self._key)

    def _delta(self, delta: _Delta, index: int | None, events: list[Event]) -> None:
        if text := delta.text:
            self._said = True
            events.append(TextDelta(text))
        elif thought := delta.thinking:
            self._said = True
            events.append(ReasoningDelta(thought))
        elif delta.partial_json and index == self._tool:
            self._tools.add(index, arguments=delta.partial_json)

    def _start(self, block: _Block, index: int | None, events: list[Event]) -> None:
        self._tool = None
        if block.type == "tool_use":  # a tool that the provider runs itself has another type
            self._said = True
            self._tool = index
            self._tools.add(index, block.id, block.name)
        else:
            self._delta(_Delta(text=block.text, thinking=block.thinking), index, events)

    def _message(self, chunk: _Chunk, events: list[Event]) -> None:
        calls, broken = self._tools.take()
        events += calls
        self.malformed += broken
        self._count(chunk.usage, events)
        if chunk.delta is not None and (reason := chunk.delta.stop_reason):
            self.conclude(FINISH.get(reason, "stop"))

    def _count(self, new: _Usage | None, events: list[Event]) -> None:
        """Figures are cumulative, and a later report may leave out what has not changed."""
        if new is None:
            return
        now = self._tokens
        for field in _Usage.__struct_fields__:
            value = getattr(new, field)
            if value is not None:
                setattr(now, field, value)
        fresh, made, read = (
            now.input_tokens, now.cache_creation_input_tokens, now.cache_read_input_tokens,
        )  # fmt: skip
        details = now.output_tokens_details
        usage = Usage(
            input_tokens=(fresh or 0) + (made or 0) + (read or 0),
            output_tokens=now.output_tokens or 0,
            reasoning_tokens=(details.thinking_tokens if details else None) or 0,
        )
        self.report(usage, events)


class Anthropic(Keyed):
    """Anthropic, at `base_url`, which may end in `/v1` or not."""

    def __init__(self, base_url: str, key: str | None) -> None:
        super().__init__(key)
        self._url = base_url.rstrip("/").removesuffix("/v1") + "/v1/messages"

    def request(self, prompt: Prompt) -> Request:
        system, turns = split(prompt)
        body: dict[str, Any] = {
            "model": prompt.model,
            "messages": [{"role": turn.role, "content": content(turn)} for turn in turns],
            "max_tokens": MAX_TOKENS if prompt.max_tokens is None else prompt.max_tokens,
            "stream": True,
        }
        if system.strip():
            body["system"] = system
        if prompt.temperature is not None:
            body["temperature"] = min(prompt.temperature, HOTTEST)
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "anthropic-version": VERSION,
        }
        if self._key:
            headers["x-api-key"] = self._key
        return Request(self._url, headers, msgspec.json.encode(body))

    def decoder(self) -> Decoder:
        return Decoder(self._key)

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return refusals.from_response(status, headers, body, self._key)


def content(turn: Message) -> str | list[dict[str, Any]]:
    """A turn's text, or its blocks where something goes with it."""
    return [_block(piece) for piece in pieces(turn)] if turn.parts else turn.text


def _block(piece: Image | str) -> dict[str, Any]:
    if isinstance(piece, str):
        return {"type": "text", "text": piece}
    source = {"type": "base64", "media_type": piece.media_type, "data": quoted(piece)}
    return {"type": "image", "source": source}
