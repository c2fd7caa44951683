"""The shapes of chat completions, as OpenAI's clients know them. Text only.

https://platform.openai.com/docs/api-reference/chat
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Reason = Literal["stop", "length", "tool_calls", "content_filter"]


class ContentPart(msgspec.Struct, frozen=True):
    """A part of a message; only text is taken."""

    type: str
    text: str = ""


class ChatMessage(msgspec.Struct, frozen=True):
    """A turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[ContentPart] | None = None


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream is to say besides."""

    include_usage: bool | None = False


class ChatCompletionRequest(msgspec.Struct, frozen=True):
    """A request. Fields that are not here are ignored."""

    messages: Annotated[list[ChatMessage], Meta(min_length=1)]
    model: str | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    tools: Any = None
    functions: Any = None
    n: Any = None
    stop: Any = None
    logprobs: Any = None
    response_format: Any = None
    modalities: Any = None


class Mode(msgspec.Struct, frozen=True):
    """As much of a request as says how it is to be answered."""

    stream: bool | None = False


class ChunkFunction(msgspec.Struct):
    """Which function a model calls; `arguments` is JSON."""

    name: str
    arguments: str


class ChunkToolCall(msgspec.Struct):
    """A tool call."""

    index: int
    id: str
    function: ChunkFunction
    type: str = "function"


class ChunkDelta(msgspec.Struct, omit_defaults=True):
    """What a chunk adds. `reasoning_content` is DeepSeek's name for thoughts."""

    role: str = ""
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ChunkToolCall] | None = None


class ChunkChoice(msgspec.Struct):
    """The only choice there is."""

    delta: ChunkDelta
    finish_reason: Reason | None = None
    index: int = 0


class CompletionDetails(msgspec.Struct):
    """CompletionUsage of thoughts are part of the completion's."""

    reasoning_tokens: int


class CompletionUsage(msgspec.Struct):
    """What it took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    completion_tokens_details: CompletionDetails


class ChatCompletionChunk(
    msgspec.Struct, tag_field="object", tag="chat.completion.chunk", omit_defaults=True
):
    """A piece of an answer; the one with the `usage` has no choices. `created` is epoch seconds."""

    id: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: CompletionUsage | None = None


class AnswerMessage(msgspec.Struct):
    """What the model says."""

    content: str
    role: str = "assistant"
    refusal: None = None


class CompletionChoice(msgspec.Struct):
    """The only choice there is."""

    message: AnswerMessage
    finish_reason: Reason
    index: int = 0
    logprobs: None = None


class ChatCompletion(msgspec.Struct, tag_field="object", tag="chat.completion"):
    """The whole answer. `created` is epoch seconds; `model` is the one that answered."""

    id: str
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: CompletionUsage


class ErrorDetails(msgspec.Struct):
    """What went wrong; `param` names a field."""

    message: str
    type: str
    param: str | None
    code: str


class Error(msgspec.Struct):
    """Instead of an answer, or of its rest. `code` stands where all our APIs have it, too."""

    error: ErrorDetails
    code: str
