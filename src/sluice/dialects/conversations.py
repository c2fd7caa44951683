"""Dialect `conversations`: stored conversations of signed-in users, and any run as an event stream.

The chat page speaks it too. That a conversation is the caller's own is found out by who keeps it.
"""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from sluice.core.commands import Ask, Attach, Medium, Thread
from sluice.core.errors import NotFound
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
from sluice.core.messages import Message
from sluice.dialects import attached
from sluice.dialects.attached import AttachedFiles
from sluice.dialects.base import Dialect, Doc, Inbound, Route, RunView
from sluice.dialects.fastapi import refuse
from sluice.dialects.json import convert, encode, read
from sluice.dialects.query import FINISH, Reason

KIND = "conversations"
STARTING = "Starting response generation..."
COMPLETED = "Response completed"


class Options(msgspec.Struct, frozen=True):
    """How a reply is to be written. Each may be left out, and the whole body too."""

    model: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    background: bool | None = False


class Placed(Options, frozen=True, kw_only=True):
    """And where: without a `conversation_id` it begins a new conversation.

    `use_invalid_key` calls the provider with a key that it does not know, to show what comes of it.
    """

    conversation_id: UUID | None = None
    use_invalid_key: bool | None = False


class Said(Placed, frozen=True, kw_only=True):
    """A message in a conversation. It may be left out where there are `media_files`."""

    message: Annotated[str | None, Meta(examples=["Hello"])] = None
    media_files: AttachedFiles | None = ()


class Query(Placed, frozen=True, kw_only=True):
    """A message in a query string: without one, the newest live run is followed."""

    message: Annotated[str, Meta(min_length=1)] | None = None


class Asked(Placed, frozen=True, kw_only=True):
    """The same, where there is a message."""

    message: str


class Edit(Options, frozen=True, kw_only=True):
    """A question in other words: it begins a new branch, and the old one is kept.

    Without `media_files` the question's own go with it, too; with them, those do instead, or none
    where the list is empty. `content` may be empty where the list is not.
    """

    content: str
    media_files: AttachedFiles | None = None


class Start(msgspec.Struct, tag_field="type", tag="start"):
    """The first event. `conversation_id` is null for a run that is in no conversation."""

    message: str
    conversation_id: str | None
    run_id: str
    model: str


class Chunk(msgspec.Struct, tag_field="type", tag="chunk"):
    """A piece of the reply."""

    content: str


class End(msgspec.Struct, tag_field="type", tag="end"):
    """The last event. `tokens_used` is prompt plus completion; `model` is the one that answered.

    `message_id` is the stored reply's.
    """

    message: str
    conversation_id: str | None
    message_id: str | None
    tokens_used: int
    finish_reason: Reason
    model: str


class Error(msgspec.Struct, tag_field="type", tag="error"):
    """Instead of the last event. `message` is the same text as `error`."""

    error: str
    message: str
    code: str


SAID = msgspec.json.Decoder(Said)
EDIT = msgspec.json.Decoder(Edit)
OPTIONS = msgspec.json.Decoder(Options)


def say(inbound: Inbound) -> Ask:
    """Understand a message. Raises `InvalidRequest`, naming the field."""
    said = read(inbound.body, SAID)
    media = attached.media(said.media_files)
    return _say(attached.words("message", said.message, media), said, media)


def say_in_query(inbound: Inbound) -> Ask | Attach:
    """Understand query parameters, of which an empty one is absent: `message` apart, which must
    say something where it is there. Raises `InvalidRequest`, naming the field.
    """
    if "message" not in inbound.query:
        return Attach()
    given = {name: text for name, text in inbound.query.items() if text or name == "message"}
    said = convert(given, Asked)
    return _say(attached.words("message", said.message), said)


def regenerate(inbound: Inbound) -> Ask:
    """Understand what a reply is to be written anew with. Raises `InvalidRequest`, `NotFound`."""
    options = read(inbound.body, OPTIONS) if inbound.body else Options()
    return _ask(None, options, _again(inbound))


def edit(inbound: Inbound) -> Ask:
    """Understand a question in other words. Raises `InvalidRequest`, `NotFound`."""
    changed = read(inbound.body, EDIT)
    media = attached.media(changed.media_files)
    text = attached.words("content", changed.content, media)
    place = _again(inbound, keeps=changed.media_files is None)
    return _ask(text, changed, place, media=media)


def attach(inbound: Inbound) -> Attach:
    """Understand which run is to be followed."""
    return Attach(inbound.path["run_id"])


def _say(text: str, placed: Placed, media: tuple[Medium, ...] = ()) -> Ask:
    place = None if placed.conversation_id is None else str(placed.conversation_id)
    bad_key = placed.use_invalid_key or False
    return _ask(text, placed, Thread(KIND, place), media=media, bad_key=bad_key)


def _ask(
    text: str | None,
    options: Options,
    thread: Thread,
    *,
    media: tuple[Medium, ...] = (),
    bad_key: bool = False,
) -> Ask:
    return Ask(
        messages=() if text is None else (Message("user", text),),
        model=options.model or None,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        background=options.background or False,
        thread=thread,
        bad_key=bad_key,
        media=media,
    )


def _again(inbound: Inbound, *, keeps: bool = False) -> Thread:
    """The place of a message, by the ids in an address. Raises `NotFound`."""
    try:
        ids = msgspec.convert(inbound.path, dict[str, UUID], strict=False)
    except msgspec.ValidationError:
        raise NotFound from None  # nothing has an id of that form
    conversation, message = str(ids["conversation_id"]), str(ids["message_id"])
    return Thread(KIND, conversation, again=message, keeps=keeps)


class Words:
    """One run in this dialect's words."""

    __slots__ = ("_run",)

    def __init__(self, run: RunView, ask: Ask | None) -> None:
        self._run = run

    def encode(self, event: Event) -> Sequence[bytes]:
        match event:
            case TextDelta(text):
                return (encode(Chunk(text)),)
            case Started(model):
                run = self._run
                place = None if run.place is None else run.place.conversation
                return (encode(Start(STARTING, place, run.id, model)),)
            case Finished():
                return (encode(_end(self._run, event)),)
            case Failed():
                return (failure(event, None),)
            case ReasoningDelta() | ToolCall() | Usage():
                return ()  # this API has no place for them


def _end(run: RunView, ending: Finished) -> End:
    receipt = ending.receipt
    assert receipt is not None, "the engine adds it"
    conversation, message = None, None
    if run.place is not None:
        conversation, message = run.place.conversation, run.place.message
    used, reason = receipt.usage.total, FINISH[ending.reason]
    return End(COMPLETED, conversation, message, used, reason, receipt.model)


def failure(failed: Failed, tag: str | int | None) -> bytes:
    return encode(Error(failed.message, failed.message, failed.code))


EVENTS: tuple[type, ...] = (Start, Chunk, End, Error)
MESSAGE = "/api/v1/conversations/{conversation_id}/messages/{message_id}"

DIALECT = Dialect(
    "conversations",
    (
        Route(
            "sse", "POST", "/api/v1/chat/stream", say,
            Doc("Say something, and watch the reply arrive", Said, EVENTS),
            session=Words, limit=KIND,
        ),
        Route(
            "sse", "GET", "/api/v1/chat/stream", say_in_query,
            Doc(
                "The same, for EventSource", Query, EVENTS,
                description="Without a `message` it follows the caller's newest live run.",
            ),
            session=Words, limit=KIND,
        ),
        Route(
            "sse", "POST", f"{MESSAGE}/regenerate", regenerate,
            Doc("Have a reply written anew; both are kept", Options, EVENTS),
            session=Words, limit=KIND,
        ),
        Route(
            "sse", "PATCH", MESSAGE, edit,
            Doc("Put a question in other words, and watch the reply to it", Edit, EVENTS),
            session=Words, limit=KIND,
        ),
    ),
    refuse=refuse,
    failure=failure,
    members=True,
)  # fmt: skip

# Of any dialect, and of strangers too: the run's id, which nobody can guess, protects those.
RUNS = Dialect(
    "runs",
    (
        Route(
            "sse", "GET", "/api/v1/runs/{run_id}/events", attach,
            Doc("Follow a run, live or ended, from any event on", None, EVENTS),
            session=Words,
        ),
    ),
    refuse=refuse,
    failure=failure,
)  # fmt: skip
