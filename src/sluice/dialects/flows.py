"""Dialect `flows`: several providers, and flows of the operator's own, over SSE and JSON."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sluice.core.commands import Ask
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
from sluice.dialects.json import convert, encode, read

Tag = str | int


class Input(msgspec.Struct, frozen=True):
    """What every route takes. `provider` is one of those that `GET /health` names."""

    user_input: Annotated[str, Meta(min_length=1)]
    provider: str | None = None
    model: str | None = None
    background: bool | None = False


class Question(Input, frozen=True):
    """The chat routes also take the name of a flow, which answers instead of a model."""

    flow: str | None = None


class Chunk(msgspec.Struct):
    """A piece of the answer."""

    chunk: str
    done: Literal[False] = False


class Last(msgspec.Struct):
    """The last event. `tokens` is prompt plus completion."""

    tokens: int
    model: str
    finish_reason: FinishReason
    chunk: Literal[""] = ""
    done: Literal[True] = True


class Error(msgspec.Struct):
    """Instead of the last event."""

    error: str
    code: str
    done: Literal[True] = True


class Response(msgspec.Struct):
    """A flow's whole answer. `provider` and `model` are of the last call that it made."""

    response: str
    provider: str
    model: str
    tokens: int


QUESTION = msgspec.json.Decoder(Question)
INPUT = msgspec.json.Decoder(Input)


def question(inbound: Inbound) -> Ask:
    body = read(inbound.body, QUESTION)
    return _ask(body, body.flow)


def question_in_query(inbound: Inbound) -> Ask:
    body = convert(dict(inbound.query), Question)
    return _ask(body, body.flow)


def for_flow(inbound: Inbound) -> Ask:
    return _ask(read(inbound.body, INPUT), inbound.path["name"])


def demonstration(inbound: Inbound) -> Ask:
    """Ten numbered chunks; a flow of our own that no list shows."""
    return Ask(messages=(Message("user", "count"),), flow="count")


def _ask(body: Input, flow: str | None) -> Ask:
    if not body.user_input.strip():
        raise InvalidRequest("Must not be blank", field="user_input")
    return Ask(
        messages=(Message("user", body.user_input),),
        model=body.model or None,
        provider=body.provider or None,
        flow=flow or None,
        background=body.background or False,
    )


class Words:
    """One run in this dialect's words."""

    __slots__ = ()

    def __init__(self, run: RunView, ask: Ask | None) -> None:
        pass

    def encode(self, event: Event) -> Sequence[bytes]:
        match event:
            case TextDelta(text):
                return (encode(Chunk(text)),)
            case Finished(reason, receipt):
                assert receipt is not None, "the engine adds it"
                return (encode(Last(receipt.usage.total, receipt.model, reason)),)
            case Failed():
                return (failure(event, None),)
            case Started() | ReasoningDelta() | ToolCall() | Usage():
                return ()  # this API has no place for them


def answer(run: RunView, ending: Finished) -> bytes:
    receipt = ending.receipt
    assert receipt is not None, "the engine adds it"
    provider = receipt.model.partition("/")[0]
    return encode(Response(run.text, provider, receipt.model, receipt.usage.total))


def failure(failed: Failed, tag: Tag | None) -> bytes:
    return encode(Error(failed.message, failed.code))


EVENTS: tuple[type, ...] = (Chunk, Last, Error)

DIALECT = Dialect(
    "flows",
    (
        Route(
            "sse", "POST", "/api/stream/chat", question,
            Doc("Ask a provider, or a flow, and watch the answer arrive", Question, EVENTS),
            session=Words,
        ),
        Route(
            "sse", "GET", "/api/stream/chat-get", question_in_query,
            Doc("The same, for EventSource", Question, EVENTS),
            session=Words,
        ),
        Route(
            "sse", "GET", "/api/stream/sse", demonstration,
            Doc("Ten numbered chunks, 200 ms apart, without a model", None, EVENTS),
            session=Words,
        ),
        Route(
            "json", "POST", "/api/flows/{name}", for_flow,
            Doc("Run a flow, and get the whole answer", Input, (), Response),
            answer=answer,
        ),
        Route(
            "sse", "POST", "/api/flows/{name}/stream", for_flow,
            Doc("Run a flow, and watch the answer arrive", Input, EVENTS),
            session=Words,
        ),
    ),
    refuse=refuse,
    failure=failure,
)  # fmt: skip
