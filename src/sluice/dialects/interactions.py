"""Dialect `interactions`: a study assistant's API, for signed-in users, whose replies cost points.

An interaction is a stored conversation, with files beside its questions. Knows no clock: it is told
one, because its tokens bear times.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sluice.core.commands import Ask, Medium, Thread
from sluice.core.errors import InvalidRequest, ModelNotFound, SluiceError
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
from sluice.dialects import attached
from sluice.dialects.attached import AttachedFiles
from sluice.dialects.base import Dialect, Doc, Inbound, Route, RunView
from sluice.dialects.json import convert, encode, read

KIND = "interactions"
LENGTH = 5000  # tokens of a reply, unless told

Clock = Callable[[], float]


class Wishes(msgspec.Struct, frozen=True):
    """What every route takes. Without an `interaction_id` it begins a new interaction."""

    interaction_id: UUID | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = LENGTH
    model: str | None = None
    background: bool | None = False


class Said(Wishes, frozen=True):
    """A message in an interaction. It may be left out where there are `media_files`."""

    message: Annotated[str | None, Meta(examples=["Hello"])] = None
    media_files: AttachedFiles | None = ()


class Query(Wishes, frozen=True, kw_only=True):
    """A message in a query string."""

    message: Annotated[str, Meta(min_length=1)]


class Metadata(msgspec.Struct, tag_field="type", tag="metadata"):
    """The first event. `is_new_interaction`: it begins with this message."""

    interaction_id: str | None
    is_new_interaction: bool
    user_id: str | None


class Token(msgspec.Struct, tag_field="type", tag="token"):
    """A piece of the reply. `timestamp` is epoch seconds, as everywhere: when it was sent."""

    content: str
    timestamp: float


class Complete(msgspec.Struct, tag_field="type", tag="complete"):
    """The last event: `content` is the whole reply, `tokens_used` prompt plus completion.

    `points_cost` is what its user was charged; `cached`: nobody was asked, the answer was known;
    `model` is the one that answered. `interaction_id` is there where no `metadata` event is.
    """

    content: str
    tokens_used: int
    points_cost: int
    timestamp: float
    finish_reason: FinishReason
    cached: bool
    model: str
    interaction_id: str | UnsetType | None = UNSET


class Error(msgspec.Struct, tag_field="type", tag="error"):
    """Instead of the last event."""

    error: str
    code: str
    timestamp: float


class Detail(msgspec.Struct):
    """What is wrong with one field; `body` where it is all of the request."""

    field: str
    message: str


class Problem(msgspec.Struct, omit_defaults=True):
    """The body of a refusal. `errors` are there for invalid input."""

    detail: str
    code: str
    errors: list[Detail] = []


SAID = msgspec.json.Decoder(Said)


def say(inbound: Inbound) -> Ask:
    """Understand a message. Raises `InvalidRequest`, naming the field."""
    said = read(inbound.body, SAID)
    media = attached.media(said.media_files)
    return _ask(attached.words("message", said.message, media), said, media)


def say_in_query(inbound: Inbound) -> Ask:
    """Understand query parameters, of which an empty one is absent: `message` apart.

    Raises `InvalidRequest`, naming the field.
    """
    given = {name: text for name, text in inbound.query.items() if text or name == "message"}
    said = convert(given, Query)
    return _ask(attached.words("message", said.message), said)


def _ask(text: str, wishes: Wishes, media: tuple[Medium, ...] = ()) -> Ask:
    place = None if wishes.interaction_id is None else str(wishes.interaction_id)
    return Ask(
        messages=(Message("user", text),),
        model=wishes.model or None,
        max_tokens=LENGTH if wishes.max_tokens is None else wishes.max_tokens,
        background=wishes.background or False,
        thread=Thread(KIND, place),
        media=media,
    )


class Words:
    """One run in this dialect's words. `plain`: without the event that tells where it is."""

    __slots__ = ("_plain", "_run", "_wall")

    def __init__(self, run: RunView, ask: Ask | None, *, wall: Clock, plain: bool = False) -> None:
        self._run = run
        self._wall = wall
        self._plain = plain

    def encode(self, event: Event) -> Sequence[bytes]:
        match event:
            case TextDelta(text):
                return (encode(Token(text, self._wall())),)
            case Started():
                return () if self._plain else (encode(_metadata(self._run)),)
            case Finished():
                return (encode(_complete(self._run, event, plain=self._plain)),)
            case Failed():
                return (failure(event, None),)
            case ReasoningDelta() | ToolCall() | Usage():
                return ()  # this API has no place for them


def _metadata(run: RunView) -> Metadata:
    place = run.place
    return Metadata(_interaction(run), place is not None and place.new, run.owner)


def _complete(run: RunView, ending: Finished, *, plain: bool) -> Complete:
    receipt = ending.receipt
    assert receipt is not None, "the engine adds it"
    return Complete(
        content=run.text,
        tokens_used=receipt.usage.total,
        points_cost=receipt.points,
        timestamp=run.ended_at,
        finish_reason=ending.reason,
        cached=receipt.cached,
        model=receipt.model,
        interaction_id=_interaction(run) if plain else UNSET,
    )


def _interaction(run: RunView) -> str | None:
    """Its id; None for a run that is in none, which another dialect began."""
    return None if run.place is None else run.place.conversation


def failure(failed: Failed, tag: str | int | None) -> bytes:
    return encode(Error(failed.message, failed.code, failed.at))


def refuse(error: SluiceError) -> bytes:
    if not isinstance(error, InvalidRequest | ModelNotFound):
        return encode(Problem(error.message, error.code))
    field = error.field or ("model" if isinstance(error, ModelNotFound) else "body")
    detail = f"{error.field}: {error.message}" if error.field else error.message
    return encode(Problem(detail, error.code, [Detail(field, error.message)]))


def dialect(wall: Clock) -> Dialect:
    """The dialect; `wall` tells epoch seconds."""
    words = partial(Words, wall=wall)
    return Dialect(
        KIND,
        (
            Route(
                "sse", "POST", "/api/stream/stream-conversation", say,
                Doc(
                    "Say something in an interaction, and watch the reply arrive",
                    Said, (Metadata, Token, Complete, Error),
                    description="The reply costs points, by the tokens that it took.",
                ),
                session=words, limit=KIND,
            ),
            Route(
                "sse", "GET", "/api/stream/stream-simple", say_in_query,
                Doc(
                    "The same, for EventSource, without the `metadata` event",
                    Query, (Token, Complete, Error),
                ),
                session=partial(words, plain=True), limit=KIND,
            ),
        ),
        refuse=refuse,
        failure=failure,
        invalid_status=400,
        members=True,
    )  # fmt: skip
