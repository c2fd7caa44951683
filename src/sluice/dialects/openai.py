"""Dialect `openai`: chat completions as OpenAI's clients know them, for SDKs that are pointed here.

Text in and text out. What would change an answer and is not to be had here is refused, by name.
https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Sequence

import msgspec

from sluice.core.commands import Ask
from sluice.core.errors import InvalidRequest, SluiceError
from sluice.core.events import (
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Receipt,
    Started,
    TextDelta,
    ToolCall,
    Usage,
)
from sluice.core.messages import Message, Role
from sluice.dialects.base import Dialect, Doc, Inbound, Route, RunView
from sluice.dialects.json import encode, read
from sluice.dialects.openai_shapes import (
    AnswerMessage,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatMessage,
    ChunkChoice,
    ChunkDelta,
    ChunkFunction,
    ChunkToolCall,
    CompletionChoice,
    CompletionDetails,
    CompletionUsage,
    Error,
    ErrorDetails,
    Mode,
    Reason,
)

FINISH: dict[FinishReason, Reason] = {
    "stop": "stop",
    "length": "length",
    "tools": "tool_calls",
    "content_filter": "content_filter",
    "cancelled": "stop",
}
ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
TYPES = {
    "invalid_request": "invalid_request_error",
    "model_not_found": "invalid_request_error",
    "payload_too_large": "invalid_request_error",
    "unsupported_media_type": "invalid_request_error",
    "idempotency_mismatch": "invalid_request_error",
    "conflict": "invalid_request_error",
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "not_found": "not_found_error",
    "rate_limited": "rate_limit_error",
    "insufficient_points": "insufficient_quota",
}
OTHERWISE = "server_error"

# What is asked for here has no place in this API: field, and the values that ask for nothing.
NOTHING: dict[str, Sequence[object]] = {
    "tools": (None, []),
    "functions": (None, []),
    "n": (None, 1),
    "stop": (None, "", []),
    "logprobs": (None, False),
    "response_format": (None, {"type": "text"}),
    "modalities": (None, ["text"]),
}


class Completion(Ask, frozen=True):
    """An ask of this API. `usage`: the stream is to end with a report of tokens."""

    usage: bool = False


REQUEST = msgspec.json.Decoder(ChatCompletionRequest)
MODE = msgspec.json.Decoder(Mode)


def ask(inbound: Inbound) -> Completion:
    """Understand a request. Raises `InvalidRequest`, naming the field."""
    asked = read(inbound.body, REQUEST)
    for field, harmless in NOTHING.items():
        if getattr(asked, field) not in harmless:
            raise InvalidRequest(f"`{field}` is not supported here.", field=field)
    turns = tuple(Message(ROLES[turn.role], _text(turn)) for turn in asked.messages)
    if not turns[-1].text.strip():
        raise InvalidRequest("The last message must not be blank.", field="messages")
    options = asked.stream_options
    return Completion(
        messages=turns,
        model=asked.model or None,
        max_tokens=asked.max_completion_tokens or asked.max_tokens,
        temperature=asked.temperature,
        usage=options is not None and bool(options.include_usage),
    )


def whole(inbound: Inbound) -> bool:
    """Whether a request wants no stream; what makes no sense is refused whole, too."""
    try:
        return not read(inbound.body, MODE).stream
    except InvalidRequest:
        return True


def _text(turn: ChatMessage) -> str:
    if not isinstance(turn.content, list):
        return turn.content or ""
    for part in turn.content:
        if part.type != "text":
            said = f"Only parts of type `text` are supported here, not `{part.type[:40]}`."
            raise InvalidRequest(said, field="messages")
    return "\n".join(part.text for part in turn.content)


class Words:
    """One run in this dialect's words."""

    __slots__ = ("_calls", "_created", "_id", "_model", "_usage")

    def __init__(self, run: RunView, ask: Ask | None) -> None:
        self._id = _name(run)
        self._usage = isinstance(ask, Completion) and ask.usage
        self._model = ""
        self._created = 0
        self._calls = 0

    def encode(self, event: Event) -> Sequence[bytes]:
        match event:
            case TextDelta(text):
                delta = ChunkDelta(content=text)
            case Started(model, at):
                self._model, self._created = model, int(at)
                delta = ChunkDelta(role="assistant", content="")
            case ReasoningDelta(text):
                delta = ChunkDelta(reasoning_content=text)
            case ToolCall(id, name, arguments):
                delta = ChunkDelta(
                    tool_calls=[ChunkToolCall(self._calls, id, ChunkFunction(name, arguments))]
                )
                self._calls += 1
            case Finished():
                return self._finish(event)
            case Failed():
                return (failure(event, None),)
            case Usage():
                return ()  # the last report stands in the receipt
        return (self._said([ChunkChoice(delta)]),)

    def _finish(self, ending: Finished) -> Sequence[bytes]:
        receipt = ending.receipt
        assert receipt is not None, "the engine adds it"
        self._model = receipt.model
        last = self._said([ChunkChoice(ChunkDelta(), FINISH[ending.reason])])
        return (last, self._said([], _tokens(receipt))) if self._usage else (last,)

    def _said(self, choices: list[ChunkChoice], usage: CompletionUsage | None = None) -> bytes:
        return encode(ChatCompletionChunk(self._id, self._created, self._model, choices, usage))


def _name(run: RunView) -> str:
    return f"chatcmpl-{run.id}"


def _tokens(receipt: Receipt) -> CompletionUsage:
    usage = receipt.usage
    details = CompletionDetails(usage.reasoning_tokens)
    return CompletionUsage(usage.input_tokens, usage.output_tokens, usage.total, details)


def answer(run: RunView, ending: Finished) -> bytes:
    receipt = ending.receipt
    assert receipt is not None, "the engine adds it"
    choice = CompletionChoice(AnswerMessage(run.text), FINISH[ending.reason])
    began = int(run.ended_at - receipt.duration)
    return encode(ChatCompletion(_name(run), began, receipt.model, [choice], _tokens(receipt)))


def refuse(error: SluiceError) -> bytes:
    return encode(_error(error.message, error.code, error.field))


def failure(failed: Failed, tag: str | int | None) -> bytes:
    return encode(_error(failed.message, failed.code, None))


def _error(message: str, code: str, field: str | None) -> Error:
    return Error(ErrorDetails(message, TYPES.get(code, OTHERWISE), field, code), code)


DIALECT = Dialect(
    "openai",
    (
        Route(
            "sse", "POST", "/v1/chat/completions", ask,
            Doc(
                "Ask as at OpenAI, for its SDKs", ChatCompletionRequest,
                (ChatCompletionChunk, Error), ChatCompletion,
                description="With `stream` the answer arrives as it is written, in events without"
                " ids; without, whole. There are neither tools nor images.",
            ),
            session=Words, answer=answer, done=b"[DONE]", ids=False, whole=whole,
        ),
    ),
    refuse=refuse,
    failure=failure,
    invalid_status=400,
)  # fmt: skip
