"""Dialect `chat`: named sessions, over SSE and JSON. Its Socket.IO side is `chat_socket.py`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sluice.core.commands import Ask, Thread
from sluice.core.errors import InvalidRequest, SluiceError
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
from sluice.dialects.json import convert, encode, read

LINE = 1200  # bytes of a whole event, beyond which the text so far is left out of it
AROUND = len("retry: 1000\nid: :1234567890\ndata: \n\n")  # what an event has beside run id and JSON

SessionId = Annotated[
    str,
    Meta(
        max_length=128,
        pattern=r"^[A-Za-z0-9._:-]*$(?!\n)",  # without the last part, `$` lets a newline pass
        description="1 to 128 letters, digits and `._:-`. Without one, a new session is begun.",
    ),
]


class Question(msgspec.Struct, frozen=True):
    """A request. `partial`: repeat the text so far in each token event; by default while short."""

    message: Annotated[str, Meta(min_length=1)]
    session_id: SessionId | None = None
    model: str | None = None
    partial: bool | None = None
    background: bool | None = False


class Token(msgspec.Struct):
    """A piece of the answer. `count` is its number, from 1; `partial` is all text so far.

    `id` stands in Socket.IO payloads only: what SSE says in its `id` line.
    """

    token: str
    count: int
    partial: str | UnsetType = UNSET
    id: str | UnsetType = UNSET


class Complete(msgspec.Struct):
    """The last event. `tokens` are those of the answer, `duration` is seconds.

    `user` is a name, or `anonymous`; `timestamp` is ISO 8601; `session_id` is null for a run that
    belongs to no session. `cancelled` is there after a cancel, over Socket.IO.
    """

    done: Literal[True]
    tokens: int
    duration: float
    tokens_per_second: float
    full_response: str
    user: str
    timestamp: str
    session_id: str | None
    finish_reason: FinishReason
    model: str
    cancelled: Literal[True] | UnsetType = UNSET


class Error(msgspec.Struct):
    """Instead of the last event, and the body of every refusal."""

    error: str
    code: str


class Response(msgspec.Struct):
    """The whole answer; its fields are those of the completion event."""

    response: str
    session_id: str | None
    tokens: int
    duration: float
    tokens_per_second: float
    user: str
    timestamp: str
    finish_reason: FinishReason
    model: str


QUESTION = msgspec.json.Decoder(Question)


def question(inbound: Inbound) -> Ask:
    """Understand a body. Raises `InvalidRequest`, naming the field."""
    return _ask(read(inbound.body, QUESTION))


def question_in_query(inbound: Inbound) -> Ask:
    """Understand query parameters. Raises `InvalidRequest`, naming the field."""
    return _ask(convert(dict(inbound.query), Question))


def _ask(body: Question) -> Ask:
    if not body.message.strip():
        raise InvalidRequest("Must not be blank", field="message")
    return Ask(
        messages=(Message("user", body.message),),
        model=body.model or None,
        background=body.background or False,
        thread=Thread("chat", named=True, name=body.session_id or None, waits=True),
        whole=body.partial,
    )


class Words:
    """One run in this dialect's words.

    Every event would repeat all text so far, and n of them take n² bytes: unless asked to go on,
    that stops for good with the first event that outgrows a line.
    """

    __slots__ = ("_count", "_fitting", "_run", "_said")

    def __init__(self, run: RunView, ask: Ask | None) -> None:
        whole = None if ask is None else ask.whole
        self._run = run
        self._count = 0
        self._said = None if whole is False else StringIO()  # None: not repeated, or no more
        self._fitting = None if whole else LINE - AROUND - len(run.id)

    def encode(self, event: Event) -> Sequence[bytes]:
        match event:
            case TextDelta(text):
                self._count += 1
                return (self._token(text),)
            case Finished():
                return (encode(completion(self._run, event)),)
            case Failed():
                return (failure(event, None),)
            case Started() | ReasoningDelta() | ToolCall() | Usage():
                return ()  # this API has no place for them

    def _token(self, text: str) -> bytes:
        if self._said is not None:
            self._said.write(text)
            frame = encode(Token(text, self._count, self._said.getvalue()))
            if self._fitting is None or len(frame) <= self._fitting:
                return frame
            self._said = None
        return encode(Token(text, self._count))


def completion(run: RunView, ending: Finished) -> Complete:
    """How a run ended, in this dialect's words."""
    receipt = ending.receipt
    assert receipt is not None, "the engine adds it"
    tokens, seconds = receipt.usage.output_tokens, receipt.duration
    return Complete(
        done=True,
        tokens=tokens,
        duration=round(seconds, 6),
        tokens_per_second=round(tokens / seconds, 3) if seconds > 0 else 0.0,
        full_response=run.text,
        user=run.user or "anonymous",
        timestamp=datetime.fromtimestamp(run.ended_at, UTC).isoformat(timespec="microseconds"),
        session_id=None if run.place is None else run.place.name,
        finish_reason=ending.reason,
        model=receipt.model,
    )


def answer(run: RunView, ending: Finished) -> bytes:
    end = completion(run, ending)
    return encode(
        Response(
            end.full_response, end.session_id, end.tokens, end.duration, end.tokens_per_second,
            end.user, end.timestamp, end.finish_reason, end.model,
        )
    )  # fmt: skip


def refuse(error: SluiceError) -> bytes:
    text = error.message if error.field is None else f"{error.field}: {error.message}"
    return encode(Error(text, error.code))


def failure(failed: Failed, tag: str | int | None) -> bytes:
    return encode(Error(failed.message, failed.code))


EVENTS: tuple[type, ...] = (Token, Complete, Error)

DIALECT = Dialect(
    "chat",
    (
        Route(
            "sse", "POST", "/api/chat/stream", question,
            Doc("Say something in a session, and watch the answer arrive", Question, EVENTS),
            session=Words, limit="chat_stream",
        ),
        Route(
            "sse", "GET", "/api/chat/stream", question_in_query,
            Doc("The same, for EventSource", Question, EVENTS),
            session=Words, limit="chat_stream",
        ),
        Route(
            "json", "POST", "/api/chat", question,
            Doc("Say something in a session, and get the whole answer", Question, (), Response),
            answer=answer, limit="chat",
        ),
    ),
    refuse=refuse,
    failure=failure,
    invalid_status=400,
)  # fmt: skip
