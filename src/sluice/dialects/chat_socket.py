"""Dialect `chat` over Socket.IO: the same shapes as over SSE, as named events."""

from collections.abc import Sequence
from io import StringIO
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from sluice.core.commands import Ask
from sluice.core.events import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCall,
    Usage,
)
from sluice.dialects.base import RunView
from sluice.dialects.chat import DIALECT, SessionId, Token, completion, failure
from sluice.dialects.emitted import Emission, Emitted, Return
from sluice.dialects.json import encode, read


class Cancelling(msgspec.Struct, frozen=True):
    """`chat_cancel`: stop what runs in that session."""

    session_id: SessionId


class Resuming(msgspec.Struct, frozen=True):
    """`chat_resume`: what a run says after event `after`. `partial` as in `chat_stream`."""

    run_id: Annotated[str, Meta(min_length=1, max_length=128)]
    after: Annotated[int, Meta(ge=0, lt=10**9)]
    partial: bool | None = None


CANCELLING = msgspec.json.Decoder(Cancelling)
RESUMING = msgspec.json.Decoder(Resuming)


def cancelling(payload: bytes) -> str:
    return read(payload, CANCELLING).session_id


def resuming(payload: bytes) -> Return:
    wanted = read(payload, RESUMING)
    return Return(wanted.run_id, wanted.after, Ask((), whole=wanted.partial))


class Speech:
    """One run as events. The text so far is always repeated, unless that is declined."""

    __slots__ = ("_count", "_run", "_said", "_whole")

    def __init__(self, run: RunView, ask: Ask | None) -> None:
        self._run = run
        self._whole = ask is None or ask.whole is not False
        self._count = 0
        self._said = StringIO()  # kept here: a slow client may outlast the run's own log

    def encode(self, event: Event, seq: int) -> Sequence[Emission]:
        match event:
            case TextDelta(text):
                self.skip(event)
                partial = self._said.getvalue() if self._whole else UNSET
                token = Token(text, self._count, partial, f"{self._run.id}:{seq}")
                return (Emission("chat_token", encode(token)),)
            case Finished(reason):
                end = completion(self._run, event)
                end.full_response = self._said.getvalue()
                end.cancelled = True if reason == "cancelled" else UNSET
                return (Emission("chat_complete", encode(end)),)
            case Failed():
                return (Emission("chat_stream_error", failure(event, None)),)
            case Started() | ReasoningDelta() | ToolCall() | Usage():
                return ()  # this API has no place for them

    def skip(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._count += 1
            self._said.write(event.text)


EMITTED = Emitted(
    DIALECT,
    DIALECT.routes[0],
    ask="chat_stream",
    cancel="chat_cancel",
    resume="chat_resume",
    failed="chat_stream_error",
    read_cancel=cancelling,
    read_resume=resuming,
    speech=Speech,
)
