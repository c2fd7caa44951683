"""Google Gemini, `streamGenerateContent` as server-sent events. Does no I/O.

https://ai.google.dev/api/generate-content
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from sluice.core.errors import ContentFiltered, ProviderBadResponse, ProviderError
from sluice.core.events import Event, FinishReason, ReasoningDelta, TextDelta, ToolCall, Usage
from sluice.core.messages import Image, Prompt
from sluice.providers import refusals
from sluice.providers.parts import pieces, quoted
from sluice.providers.spoilt import Keyed
from sluice.providers.stream import StreamDecoder
from sluice.providers.turns import split
from sluice.providers.wire import Request

# What is not here (OTHER, MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, …) ends what has been
# said with "stop"; where nothing has been said, it is no answer.
FINISH: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
}
ROLES = {"user": "user", "assistant": "model"}


class _FunctionCall(msgspec.Struct, gc=False):
    name: str | None = None
    id: str | None = None
    args: dict[str, Any] | None = None


class _Part(msgspec.Struct, gc=False, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    function_call: _FunctionCall | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(msgspec.Struct, gc=False, rename="camel"):
    block_reason: str | None = None


class _Usage(msgspec.Struct, gc=False, rename="camel"):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class _Chunk(msgspec.Struct, gc=False, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Chunk)


class Decoder(StreamDecoder[_Chunk]):
    """One answer's stream. It has no last word: the end of the body is its end."""

    def __init__(self, key: str | None) -> None:
        super().__init__(_decoder)
        self._key = key
        self._calls = 0

    def take(self, chunk: _Chunk, events: list[Event]) -> None:
        if chunk.error:
            raise refusals.from_stream(chunk.error, self._key)
        candidate = chunk.candidates[0] if chunk.candidates else None
        if candidate is not None and candidate.content is not None:
            for part in candidate.content.parts or ():
                self._part(part, events)
        if chunk.usage_metadata is not None:
            self.report(_usage(chunk.usage_metadata), events)
        if candidate is not None and candidate.finish_reason:
            self._finish_reason(candidate.finish_reason)
        elif candidate is None and chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            raise ContentFiltered

    def _part(self, part: _Part, events: list[Event]) -> None:
        if part.text:
            self._said = True
            events.append(ReasoningDelta(part.text) if part.thought else TextDelta(part.text))
        elif part.function_call is not None and part.function_call.name:
            self._said = True
            call = part.function_call
            arguments = msgspec.json.encode(call.args or {}).decode()
            events.append(ToolCall(call.id or f"call-{self._calls}", call.name or "", arguments))
            self._calls += 1

    def _finish_reason(self, reason: str) -> None:
        known = FINISH.get(reason)
        if known is None and not self._said:
            raise ProviderBadResponse("The provider ended its answer before it had begun.")
        self.conclude("tools" if known == "stop" and self._calls else known or "stop")


def _usage(usage: _Usage) -> Usage:
    """Thoughts are counted apart from the answer here, and as part of the output by us."""
    thoughts = usage.thoughts_token_count or 0
    return Usage(
        input_tokens=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        output_tokens=(usage.candidates_token_count or 0) + thoughts,
        reasoning_tokens=thoughts,
    )


class Gemini(Keyed):
    """Gemini, at `base_url` (which ends in `/v1beta`)."""

    def __init__(self, base_url: str, key: str | None) -> None:
        super().__init__(key)
        self._base = base_url.rstrip("/")

    def request(self, prompt: Prompt) -> Request:
        system, turns = split(prompt)
        body: dict[str, Any] = {
            "contents": [
                {"role": ROLES[turn.role], "parts": [_said(piece) for piece in pieces(turn)]}
                for turn in turns
            ]
        }
        if system.strip():
            body["systemInstruction"] = {"parts": [{"text": system}]}
        config = {"maxOutputTokens": prompt.max_tokens, "temperature": prompt.temperature}
        if settings := {name: value for name, value in config.items() if value is not None}:
            body["generationConfig"] = settings
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self._key:
            headers["x-goog-api-key"] = self._key
        # The model's name is the client's: it must not be able to say anything but a name.
        model = quote(prompt.model.removeprefix("models/"), safe="")
        url = f"{self._base}/models/{model}:streamGenerateContent?alt=sse"
        return Request(url, headers, msgspec.json.encode(body))

    def decoder(self) -> Decoder:
        return Decoder(self._key)

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return refusals.from_response(status, headers, body, self._key)


def _said(piece: Image | str) -> dict[str, Any]:
    if isinstance(piece, str):
        return {"text": piece}
    return {"inlineData": {"mimeType": piece.media_type, "data": quoted(piece)}}
