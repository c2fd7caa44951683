"""One operation of one client: what it may begin, and what becomes of that when it is over.

Its runs begin at the same entry as those of the dialect's own routes, so that the same limits,
points and refusals apply. Knows nothing of GraphQL.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from sluice.core.commands import Ask, Once
from sluice.core.errors import InvalidRequest, RunExpired, SluiceError, Unauthorized, from_code
from sluice.core.events import Failed, Finished
from sluice.core.runs import Follower, Run
from sluice.dialects import json
from sluice.dialects.base import Dialect, Inbound, Route
from sluice.dialects.interactions import say
from sluice.services.conversations.keeping import Conversations
from sluice.services.conversations.reading import Reading
from sluice.services.points import Points
from sluice.transports.asgi import Visit
from sluice.transports.entry import Entry

_decode = msgspec.json.decode


class Shelf(msgspec.Struct, frozen=True):
    """What can be read: somebody's interactions, what was said in them, and points."""

    interactions: Conversations
    reading: Reading
    points: Points


class Door(msgspec.Struct, frozen=True):
    """Where runs begin: in this dialect, as if by this route of it."""

    entry: Entry
    dialect: Dialect
    route: Route


class Call:
    """What one operation has begun. To be closed when it is over, however that came.

    `once` makes it the same as an earlier one. With `at_once` what it has begun, and nobody else
    follows, gets no grace when it is closed.
    """

    def __init__(
        self, door: Door, shelf: Shelf, visit: Visit, once: Once | None = None, *, at_once: bool
    ) -> None:
        self.shelf = shelf
        self.at_once = at_once
        self._door = door
        self._visit = visit
        self._once = once
        self._begun: list[Follower] = []
        self.run: Run | None = None  # the newest

    @property
    def owner(self) -> str:
        """Who asks. Raises `Unauthorized`."""
        owner = self._visit.who.id
        if owner is None:
            raise Unauthorized
        return owner

    async def answer(self, arguments: Mapping[str, Any]) -> tuple[Run, Finished]:
        """Say something, and wait for the end of the reply. Raises what refuses or ends it."""
        run, follower, _ = await self._start(arguments)
        while not follower.over:
            await follower.read()
        ending = run.ending
        assert ending is not None, "a run that is over has ended"
        if isinstance(ending, Failed):
            raise from_code(ending.code, ending.message)
        return run, ending

    async def events(self, arguments: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Say something, and hear the dialect's events. Raises what refuses it."""
        run, follower, ask = await self._start(arguments)
        return self._hear(run, follower, ask)

    def close(self) -> None:
        """It is over, or its client has left."""
        for follower in self._begun:
            follower.close(at_once=self.at_once)

    async def _start(self, arguments: Mapping[str, Any]) -> tuple[Run, Follower, Ask]:
        if self._once is not None and self._begun:
            raise InvalidRequest("It can stand for one message only", field="Idempotency-Key")
        door = self._door
        ask = say(Inbound(json.encode(arguments)))
        run = await door.entry.start(ask, door.dialect, door.route, self._visit, self._once)
        follower = run.follow()
        self.run = run
        self._begun.append(follower)
        return run, follower, ask

    async def _hear(self, run: Run, follower: Follower, ask: Ask) -> AsyncIterator[dict[str, Any]]:
        assert self._door.route.session is not None
        session = self._door.route.session(run, ask)
        while not follower.over:
            try:
                events = await follower.read()
            except RunExpired as error:  # the log went while a slow client was reading it
                yield self._failure(error, run.wall())
                return
            for frame in [frame for event in events for frame in session.encode(event)]:
                yield _decode(frame)

    def _failure(self, error: SluiceError, at: float) -> dict[str, Any]:
        return _decode(self._door.dialect.failure(Failed(error.code, error.message, at), None))
