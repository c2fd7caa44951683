"""A LangChain chat model's chunks, as events. Pure; imports nothing of LangChain's.

https://docs.langchain.com/oss/python/langchain/messages#standard-content-blocks
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from sluice.core.errors import ProviderBadResponse, ProviderUnavailable
from sluice.core.events import Event, Finished, FinishReason, ReasoningDelta, TextDelta, Usage
from sluice.providers import anthropic, gemini, openai
from sluice.providers.surrogates import Halves
from sluice.providers.toolcalls import ToolCalls

Fields = Mapping[str, Any]

# The vendors' words pass through LangChain as they are.
FINISH: dict[str, FinishReason] = {
    **openai.FINISH,
    **anthropic.FINISH,
    **gemini.FINISH,
    "max_output_tokens": "length",  # OpenAI's Responses API
    "guardrail_intervened": "content_filter",  # Bedrock
}
REASONS = ("finish_reason", "stop_reason", "stopReason", "done_reason")

# Whose chunks say so, and always say how they ended: a stream without that was cut. Their own SDKs
# take one for a complete answer.
PUNCTUAL = frozenset({"openai", "anthropic", "google_genai", "ollama"})

# What a content block says, by its type, and in which field.
BLOCKS: dict[str, tuple[type[TextDelta] | type[ReasoningDelta], str]] = {
    "text": (TextDelta, "text"),
    "refusal": (TextDelta, "refusal"),
    "reasoning": (ReasoningDelta, "reasoning"),
    "thinking": (ReasoningDelta, "thinking"),
}


class Chunk(Protocol):
    """`langchain_core.messages.AIMessageChunk`; an `AIMessage` from a model that cannot stream."""

    @property
    def content(self) -> str | Sequence[str | Fields]: ...
    @property
    def content_blocks(self) -> Sequence[Fields]: ...
    @property
    def additional_kwargs(self) -> Fields: ...
    @property
    def response_metadata(self) -> Fields: ...
    @property
    def usage_metadata(self) -> Fields | None: ...
    @property
    def tool_calls(self) -> Sequence[Fields]: ...


class Answer:
    """One answer. `finishing`: its finish reason is there; `malformed` as in `wire.Decoder`."""

    def __init__(self) -> None:
        self.finishing = False
        self.malformed = 0
        self.usage: Usage | None = None
        self._halves = Halves()
        self._tools = ToolCalls()
        self._said = False
        self._maker: object = None
        self._reason: FinishReason | None = None

    def feed(self, chunk: Chunk) -> list[Event]:
        """What a chunk says. Raises `ProviderUnavailable` where it says that all broke off."""
        events: list[Event] = [*_words(chunk)]
        self._call(chunk)
        self._said = self._said or bool(events)
        if chunk.usage_metadata is not None:
            self.usage = _sum(self.usage, chunk.usage_metadata)
            events.append(self.usage)
        if metadata := chunk.response_metadata:
            self._maker = metadata.get("model_provider", self._maker)
            self._conclude(_reason(metadata))
        return self._halves.mend(events)

    def end(self) -> list[Event]:
        """The stream has ended. Ends with `Finished`; raises a `ProviderError` if it was cut."""
        calls, self.malformed = self._tools.take()
        said = self._said or bool(calls)
        if self._reason is None and self._maker in PUNCTUAL:
            raise ProviderUnavailable("The provider broke off in the middle of its answer.")
        if self._reason is None and not said:
            raise ProviderBadResponse("The provider's answer is empty.")
        reason = self._reason or "stop"
        reason = "tools" if calls and reason == "stop" else reason
        return self._halves.mend([*calls, Finished(reason)])

    def _call(self, chunk: Chunk) -> None:
        pieces: Sequence[Fields] | None = getattr(chunk, "tool_call_chunks", None)
        if pieces is not None:
            for piece in pieces:
                self._tools.add(piece["index"], piece["id"], piece["name"], piece["args"])
            return
        for number, call in enumerate(chunk.tool_calls):
            arguments = msgspec.json.encode(call["args"]).decode()
            self._tools.add(number, call["id"], call["name"], arguments)

    def _conclude(self, reason: str | None) -> None:
        if reason is None:
            return
        if reason in openai.BROKEN:
            raise ProviderUnavailable
        self.finishing = True
        self._reason = self._reason or FINISH.get(reason, "stop")


def _words(chunk: Chunk) -> Iterator[TextDelta | ReasoningDelta]:
    content = chunk.content
    if isinstance(content, str) and not chunk.additional_kwargs:
        if content:
            yield TextDelta(content)
        return
    for block in chunk.content_blocks:
        known: Fields = block["value"] if block["type"] == "non_standard" else block
        kind, field = BLOCKS.get(str(known.get("type")), (TextDelta, ""))
        if isinstance(text := known.get(field), str) and text:
            yield kind(text)


def _reason(metadata: Fields) -> str | None:
    """The vendor's own word for how it ended."""
    incomplete: object = metadata.get("incomplete_details")
    if isinstance(incomplete, dict):
        return str(incomplete.get("reason"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    words = (metadata.get(name) for name in REASONS)
    found = next((word for word in words if isinstance(word, str) and word), None)
    return found or ("stop" if metadata.get("status") == "completed" else None)


def _sum(before: Usage | None, more: Fields) -> Usage:
    """The figures of one chunk are its own: those of an answer are their sum."""
    had = before or Usage(0, 0)
    details: Fields = more.get("output_token_details") or {}
    return Usage(
        had.input_tokens + (more.get("input_tokens") or 0),
        had.output_tokens + (more.get("output_tokens") or 0),
        had.reasoning_tokens + (details.get("reasoning") or 0),
    )
