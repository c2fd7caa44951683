"""Conversations as their owner keeps them: made, listed, renamed, deleted and taken back."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sluice.core.errors import InvalidRequest
from sluice.services.conversations import cursors
from sluice.services.conversations.ports import Bin, Shelf, Stop
from sluice.services.conversations.shapes import (
    UNTITLED,
    Conversation,
    NewConversation,
    Page,
    Wanted,
)

KEPT = timedelta(days=30)  # what was deleted can be restored for as long
BATCH = 20  # conversations that are forgotten in one transaction, with all that was said


class Conversations:
    """Somebody's conversations. A stranger has none."""

    def __init__(
        self,
        shelf: Shelf,
        bin: Bin,
        stop: Stop,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._shelf = shelf
        self._bin = bin
        self._stop = stop
        self._new_id = new_id
        self._now = now

    async def create(self, owner: str, title: str | None) -> NewConversation:
        """A new one; without a title it gets one."""
        now = self._now()
        named = title if title and title.strip() else UNTITLED
        new = NewConversation(self._new_id(), named, now, now, 0)
        await self._shelf.add(owner, new)
        return new

    async def list(
        self, owner: str, limit: int, cursor: str | None, query: str | None, deleted: bool
    ) -> Page[Conversation]:
        """Some of them, the newest first; or some of those that can be restored.

        Raises `InvalidRequest`.
        """
        since = self._now() - KEPT if deleted else None
        wanted = Wanted(limit, cursors.since(cursor), query or None, since)
        found = await self._shelf.list(owner, wanted)
        return Page(found.items, cursors.write(found.next))

    async def show(self, owner: str, id: str) -> Conversation:
        """One of them. Raises `NotFound`."""
        return await self._shelf.find(owner, id)

    async def change(
        self, owner: str, id: str, title: str | None, active_message: str | None
    ) -> Conversation:
        """Give it a title, or show another branch: the one of this message.

        Raises `NotFound`, `InvalidRequest`, `ConversationBusy`.
        """
        if title is not None and not title.strip():
            raise InvalidRequest("title: must not be blank", field="title")
        if active_message is not None:
            await self._shelf.choose(owner, id, active_message)
        if title is not None:
            await self._shelf.rename(owner, id, title, self._now())
        return await self._shelf.find(owner, id)

    async def delete(self, owner: str, id: str) -> None:
        """Delete one, for now; what is being written in it is stopped. Raises `NotFound`."""
        run = await self._bin.discard(owner, id, self._now())
        if run is not None:
            await self._stop(run)

    async def restore(self, owner: str, id: str) -> Conversation:
        """Take back what was deleted; what was not stays as it is. Raises `NotFound`."""
        await self._bin.restore(owner, id, self._now() - KEPT)
        return await self._shelf.find(owner, id)

    async def tidy(self) -> int:
        """Forget what can no longer be restored, and what has expired; how many that were.

        To be called every now and then. Each transaction is short, so that others get in between.
        """
        now, forgotten = self._now(), 0
        while True:
            gone = await self._bin.empty(now - KEPT, now, BATCH)
            forgotten += gone
            if gone < BATCH:
                return forgotten
