"""What is kept of runs and conversations: the port, and what passes through it.

A run has two transactions, its opening and its closing, and on the way a checkpoint every few
seconds. None of them is on a token's way.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal, Protocol

import msgspec

from sluice.core.commands import Once, Place, Thread
from sluice.core.errors import ConversationBusy
from sluice.core.events import Receipt
from sluice.core.messages import Message

Status = Literal["done", "cancelled", "failed", "crashed"]


class Busy(ConversationBusy):
    """A reply is being written in the conversation, by the run of this id."""

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run


class Hold(msgspec.Struct, frozen=True):
    """What a run reserves of something that is limited: settled by what it took in the end.

    `unit`     of what: `tokens`, `points`
    `period`   of which day, as `2026-11-21`; "" for what does not begin anew
    `ceiling`  what all of a user's runs of that period may not pass
    `tokens`   that the run is thought to take, without what it is reminded of
    `price`    how much of the unit so many tokens are
    """

    unit: str
    period: str
    ceiling: int
    tokens: int
    price: Callable[[int], int] = int

    def amount(self, context: int) -> int:
        """How much is reserved, where the run is reminded of so many tokens besides."""
        return self.price(self.tokens + context)


def anything(turns: Sequence[Message]) -> None:
    """What a model says to these turns that takes whatever goes with them."""


class Opening(msgspec.Struct, frozen=True):
    """A run that is about to begin.

    `id`        the run's; `server` is the process's home, so that a crash can be told
    `scope`     within which the thread's name is looked for; `""`: a name that we made, and gave
                to nobody else
    `messages`  what is asked; none where a reply is to be written anew
    `room`      bytes of earlier messages, in UTF-8, that its context may have
    `most`      messages that it may have
    `spared`    bytes of the room that are left free for quotations, where not all fits
    `media`     ids of the files that go with what is asked
    `fits`      raises `InvalidRequest` where the model cannot take what goes with these turns; for
                files that a question has already
    `once`      only where no other run answers the same request; for signed-in users
    `wall`      now, epoch seconds
    """

    id: str
    server: str
    dialect: str
    model: str
    owner: str | None
    messages: tuple[Message, ...]
    wall: float
    thread: Thread | None = None
    scope: str = ""
    room: int = 0
    most: int = 400
    spared: int = 0
    media: tuple[str, ...] = ()
    fits: Callable[[Sequence[Message]], None] = anything
    holds: tuple[Hold, ...] = ()
    once: Once | None = None


class Opened(msgspec.Struct, frozen=True):
    """A run's beginning, as it is stored. `context` is all that is to be asked, the newest last.

    `instead` is the id of the run that answers this request already: nothing has been opened.
    `media` are the ids of files that go with messages of the context, by their place in it.
    `dropped`: of what is shown of the conversation, its first so many messages are not in the
    context, for there was no room for all of it.
    """

    context: tuple[Message, ...] = ()
    place: Place | None = None
    instead: str | None = None
    media: Mapping[int, tuple[str, ...]] = MappingProxyType({})
    dropped: int = 0


class Piece(msgspec.Struct, frozen=True):
    """What a run has said since its last checkpoint; `text_length` is all so far, in code points.

    `text` is empty for a run whose reply is not kept.
    """

    run: str
    text: str
    text_length: int


class Closing(msgspec.Struct, frozen=True):
    """A run that has ended, and what it came to. Where its opening was not stored, it is now.

    `finish_reason`  of a run that came to something; else `code` says what was wrong
    `lengths`        the characters that each event brought, so that it can be replayed
    `wall`           now, epoch seconds
    `taken`          of what was reserved, by unit
    """

    id: str
    server: str
    dialect: str
    asked: str
    owner: str | None
    status: Status
    finish_reason: str | None
    code: str | None
    receipt: Receipt
    place: Place | None
    text: str
    lengths: Sequence[int]
    wall: float
    taken: Mapping[str, int] = MappingProxyType({})


class StoredRun(msgspec.Struct, frozen=True):
    """A run as it was stored, with its reply. `user` is the owner's name."""

    id: str
    owner: str | None
    user: str
    dialect: str
    asked: str
    started: datetime
    ended: datetime
    status: Status
    finish_reason: str | None
    code: str | None
    receipt: Receipt
    place: Place
    text: str
    lengths: Sequence[int]


class Archive(Protocol):
    """Where runs and their conversations are kept."""

    async def open(self, opening: Opening) -> Opened:
        """The start transaction: the conversation and its context, what is asked, the reply as
        `streaming`, the run's row, what it reserves, and its idempotency key.

        Raises `NotFound` (another's conversation likewise), `ConversationBusy`, `RateLimited` or
        `InsufficientPoints` where a reservation does not fit, `IdempotencyMismatch`,
        `InvalidRequest` where `again` is a message that cannot be written anew.
        """
        ...

    async def checkpoint(self, pieces: Sequence[Piece]) -> None:
        """Keep what runs have said so far."""
        ...

    async def close(self, closing: Closing) -> None:
        """The end transaction: the reply, the run's row, what it reserved. May come once only."""
        ...

    async def replay(self, id: str) -> StoredRun | None:
        """A run that has ended, with its reply; None where none is kept. Raises `Busy` while it
        goes on.
        """
        ...

    async def answered(self, caller: str, once: Once) -> str | None:
        """The id of the run that answers this request already. Raises `IdempotencyMismatch`."""
        ...
