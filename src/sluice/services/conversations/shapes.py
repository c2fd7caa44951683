"""Conversations, messages and what is found among them, as their owner sees them.

Times are UTC. The structs go out as they are, as JSON: their fields are the API's.
"""

from datetime import UTC, datetime
from typing import Generic, Literal, NamedTuple, TypeVar

import msgspec

from sluice.services.media.shapes import CarriedFile, NamedFile

T = TypeVar("T")

Order = Literal["asc", "desc"]

UNTITLED = "New conversation"  # until its first message gives it a title


class NewConversation(msgspec.Struct, frozen=True):
    """A conversation in which nothing has been said.

    `updated_at` is when something was last said in it, or its title was changed; `message_count`
    is of the branch that is shown.
    """

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    message_count: int


class Conversation(NewConversation, frozen=True):
    """A conversation. `active_run_id` is the run that writes a reply in it now.

    `deleted_at` is there only on what was deleted, and can be restored for 30 days.
    """

    active_run_id: str | None = None
    deleted_at: datetime | None = None


class Said(msgspec.Struct, frozen=True):
    """One message.

    `content`  of a reply that is being written: empty; follow its `run_id` instead
    `status`   `complete`; `streaming`; `partial`, where it was cut off; `failed`
    `tokens`   of the completion; `model` is the one that answered
    `code`     of the error that ended it
    `parent_id` is of the message that it follows; null for a first one
    """

    id: str
    role: str
    content: str
    status: str
    created_at: datetime
    model: str | None
    tokens: int | None
    finish_reason: str | None
    code: str | None
    run_id: str | None
    parent_id: str | None


class Message(Said, frozen=True):
    """One message of a branch, the files that go with it, and what its run took.

    `versions`    the ids of all that stand in its place, itself included, the oldest first
    `cost`        USD; `estimated`: its tokens were counted here, as the provider reported none
    `points`      that its user was charged
    `duration`    seconds; `first_token`: until the first one came

    All that is of the run is null for a question, while a reply is being written, and where no run
    is known.
    """

    versions: tuple[str, ...]
    files: tuple[CarriedFile, ...]
    input_tokens: int | None
    cost: float | None
    points: int | None
    duration: float | None
    first_token: float | None
    estimated: bool | None


class Kept(Said, frozen=True):
    """One message of a conversation, its files, and whether it is on the branch that is shown."""

    shown: bool
    files: tuple[NamedFile, ...]


class Hit(msgspec.Struct, frozen=True):
    """A message that was found. `title` is the conversation's.

    `snippet` is the text around the first word that fits; `matches` are the words in it that fit,
    each as start and end, in code points, the end not included.
    """

    conversation_id: str
    title: str
    message_id: str
    role: str
    created_at: datetime
    snippet: str
    matches: tuple[tuple[int, int], ...]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of many. `next_cursor` leads to the next ones; null where there are none."""

    items: tuple[T, ...]
    next_cursor: str | None


class Since(NamedTuple):
    """A place in a list, newest first: after the one of this moment and id."""

    at: datetime
    id: str


NEWEST = Since(datetime(9999, 12, 31, tzinfo=UTC), "")  # before all that there is


class Wanted(NamedTuple):
    """Which conversations to list.

    `after`    where to begin; None: at the newest
    `query`    words that must stand in the title, or in one message; None: any
    `deleted`  only those that were deleted since then; None: only those that were not
    """

    limit: int
    after: Since | None = None
    query: str | None = None
    deleted: datetime | None = None


class Found(NamedTuple):
    """Conversations, and where the next ones begin; None where there are none."""

    items: tuple[Conversation, ...]
    next: Since | None


class Stretch(NamedTuple):
    """Which messages to read: of a branch, in an order, beyond a depth. Depths count from 1.

    `branch`  the id of a message on it; None: the branch that is shown
    `beyond`  the depth of the last one read; None: begin at the end that the order begins with
    """

    limit: int
    order: Order = "asc"
    beyond: int | None = None
    branch: str | None = None


class Told(NamedTuple):
    """Messages of one branch, and the depth of the last one, where more follow."""

    items: tuple[Message, ...]
    next: int | None


class Spot(NamedTuple):
    """A place among the messages of all branches: by depth, and there in the order of storing."""

    depth: int
    number: int


class Everything(NamedTuple):
    """Messages of all branches, and where they end, where more follow."""

    items: tuple[Kept, ...]
    next: Spot | None


class Hits(NamedTuple):
    """What was found, and the number before which there may be more."""

    items: tuple[Hit, ...]
    next: int | None
