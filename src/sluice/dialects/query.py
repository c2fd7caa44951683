"""Dialect `query`: one question, answered whole, as server-sent events, or over a WebSocket."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sluice.core.commands import Ask, Cancel
from sluice.core.errors import InvalidRequest
from sluice.core.events import (
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCall,
    Usage,
)
from sluice.core.messages import Message
from sluice.dialects.base import Dialect, Doc, Inbound, Route, RunView
from sluice.dialects.fastapi import refuse
from sluice.dialects.json import encode, read

Tag = str | int
Reason = Literal["stop", "length", "content_filter", "cancelled"]

# This API has no tools: a model that asks for one has stopped, as far as its clients can see.
FINISH: dict[FinishReason, Reason] = {
    "stop": "stop",
    "length": "length",
    "tools": "stop",
    "content_filter": "content_filter",
    "cancelled": "cancelled",
}


class Query(msgspec.Struct, frozen=True):
    """A request. `id` is repeated in every WebSocket message that answers it."""

    query: Annotated[str, Meta(min_length=1)]
    model: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = 0.7
    max_tokens: Annotated[int, Meta(ge=1)] | None = 1000
    background: bool | None = False
    id: Tag | None = None


class Start(msgspec.Struct, tag_field="type", tag="start", omit_defaults=True):
    """The first event. `timestamp` is epoch seconds."""

    model: str
    timestamp: float
    id: Tag | None = None


class Content(msgspec.Struct, tag_field="type", tag="content", omit_defaults=True):
    """A piece of the answer; `accumulated_length` counts its characters, this piece included."""

    chunk: str
    accumulated_length: int
    id: Tag | None = None


class End(msgspec.Struct, tag_field="type", tag="end", omit_defaults=True):
    """The last event. `tokens_used` is prompt plus completion; `processing_time` is seconds."""

    full_response: str
    model_used: str
    tokens_used: int
    processing_time: float
    finish_reason: Reason
    id: Tag | None = None


class Error(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """Instead of the last event. `timestamp` is epoch seconds."""

    error: str
    code: str
    timestamp: float
    id: Tag | None = None


class Response(msgspec.Struct):
    """The whole answer; `response` is the same text as `full_response`."""

    full_response: str
    response: str
    model_used: str
    tokens_used: int
    processing_time: float
    finish_reason: Reason


QUERY = msgspec.json.Decoder(Query)


def ask(inbound: Inbound) -> Ask:
    """Understand a request. Raises `InvalidRequest`, naming the field."""
    query = read(inbound.body, QUERY)
    if not query.query.strip():
        raise InvalidRequest("Must not be blank", field="query")
    return Ask(
        messages=(Message("user", query.query),),
        model=query.model or None,
        temperature=0.7 if query.temperature is None else query.temperature,
        max_tokens=1000 if query.max_tokens is None else query.max_tokens,
        background=query.background or False,
        tag=query.id,
    )


class Control(msgspec.Struct, frozen=True):
    """What may stand on the WebSocket instead of a query."""

    type: str | None = None


CONTROL = msgspec.json.Decoder(Control)


def message(inbound: Inbound) -> Ask | Cancel:
    """Understand a WebSocket message: a query, or `{"type":"cancel"}`."""
    return Cancel() if read(inbound.body, CONTROL).type == "cancel" else ask(inbound)


class Words:
    """One run in this dialect's words."""

    __slots__ = ("_run", "_sent", "_tag")

    def __init__(self, run: RunView, ask: Ask | None) -> None:
        self._run = run
        self._tag = None if ask is None else ask.tag
        self._sent = 0

    def encode(self, event: Event) -> Sequence[bytes]:
        match event:
            case TextDelta(text):
                self._sent += len(text)
                return (encode(Content(text, self._sent, self._tag)),)
            case Started(model, at):
                return (encode(Start(model, at, self._tag)),)
            case Finished():
                return (encode(End(*outcome(self._run, event), self._tag)),)
            case Failed():
                return (failure(event, self._tag),)
            case ReasoningDelta() | ToolCall() | Usage():
                return ()  # this API has no place for them


def outcome(run: RunView, ending: Finished) -> tuple[str, str, int, float, Reason]:
    """The fields that an `end` event and a JSON answer share, in their order."""
    receipt = ending.receipt
    assert receipt is not None, "the engine adds it"
    used, reason = receipt.usage.total, FINISH[ending.reason]
    return run.text, receipt.model, used, round(receipt.duration, 6), reason


def answer(run: RunView, ending: Finished) -> bytes:
    text, model, used, seconds, reason = outcome(run, ending)
    return encode(Response(text, text, model, used, seconds, reason))


def failure(failed: Failed, tag: Tag | None) -> bytes:
    return encode(Error(failed.message, failed.code, failed.at, tag))


EVENTS: tuple[type[Any], ...] = (Start, Content, End, Error)

DIALECT = Dialect(
    "query",
    (
        Route(
            "json", "POST", "/api/v1/query", ask,
            Doc("Ask, and get the whole answer", request=Query, response=Response),
            answer=answer,
        ),
        Route(
            "sse", "POST", "/api/v1/query/stream", ask,
            Doc("Ask, and watch the answer arrive", request=Query, events=EVENTS),
            session=Words, done=b"[DONE]",
        ),
        Route(
            "websocket", "GET", "/api/v1/query/ws", message,
            Doc(
                "Ask any number of questions over one connection",
                request=Query, events=EVENTS,
                description='Earlier turns are the context of later ones. `{"type":"cancel"}` stops'
                " the running query. At most 16 queries wait.",
            ),
            session=Words,
        ),
    ),
    refuse=refuse,
    failure=failure,
)  # fmt: skip
