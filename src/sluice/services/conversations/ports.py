"""What conversations need of a store. An id that is another's is an id that is not there."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from sluice.services.conversations.shapes import (
    Conversation,
    Everything,
    Found,
    Hits,
    NewConversation,
    Spot,
    Stretch,
    Told,
    Wanted,
)

# Stops a run at once, and returns when it has ended; nothing where no such run goes on.
Stop = Callable[[str], Awaitable[None]]


class Shelf(Protocol):
    """Keeps conversations."""

    async def add(self, owner: str, new: NewConversation) -> None:
        """Keep a new one."""
        ...

    async def list(self, owner: str, wanted: Wanted) -> Found:
        """Some of them, the newest first.

        With a query a page may be short, or empty, although more follow: a store looks at so
        many at once, and no more.
        """
        ...

    async def find(self, owner: str, id: str) -> Conversation:
        """One that is not deleted. Raises `NotFound`."""
        ...

    async def rename(self, owner: str, id: str, title: str, now: datetime) -> None:
        """Give it another title. Raises `NotFound`."""
        ...

    async def choose(self, owner: str, id: str, message: str) -> None:
        """Show the branch of a message: what comes before it, and of what follows the newest.

        Raises `NotFound`, and `ConversationBusy` while a reply is being written.
        """
        ...


class Bin(Protocol):
    """Keeps what was deleted, for a while."""

    async def discard(self, owner: str, id: str, now: datetime) -> str | None:
        """Delete a conversation; the id of the run that writes in it. Raises `NotFound`."""
        ...

    async def restore(self, owner: str, id: str, since: datetime) -> None:
        """Take it back, if it was deleted since then, or not at all. Raises `NotFound`."""
        ...

    async def empty(self, before: datetime, now: datetime, limit: int) -> int:
        """Forget at most so many that were deleted before then, or have expired by now.

        Returns how many it were.
        """
        ...


class Reader(Protocol):
    """Reads what was said. It reads the rows of one page, however long a conversation is."""

    async def read(self, owner: str, id: str, stretch: Stretch) -> Told:
        """A stretch of one branch, with the versions beside each message.

        A page holds fewer than asked for where they are very long. Raises `NotFound`.
        """
        ...

    async def all(self, owner: str, id: str, after: Spot, limit: int) -> Everything:
        """Messages of all branches, after a place: each comes after the one that it follows.

        A page holds fewer where they are very long. Raises `NotFound`.
        """
        ...

    async def search(self, owner: str, query: str, before: int | None, limit: int) -> Hits:
        """Messages with these words, on any branch, the newest first."""
        ...


class Sessions(Protocol):
    """Keeps the sessions of dialects whose clients name them."""

    async def show(self, scope: str, name: str, now: datetime) -> tuple[int, datetime] | None:
        """The number of messages and the time of the last change; None where there is none."""
        ...

    async def forget(self, scope: str, name: str, now: datetime) -> tuple[bool, str | None]:
        """Delete a session for good: whether there was one, and the run that wrote in it."""
        ...
