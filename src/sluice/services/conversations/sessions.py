"""Sessions: conversations that their clients have names for."""

import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from sluice.core.commands import Principal
from sluice.core.errors import NotFound
from sluice.services.conversations.ports import Sessions, Stop
from sluice.services.scopes import Scopes

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Session(msgspec.Struct, frozen=True):
    """A session: how many messages it has, and when it changed last."""

    messages: int
    changed: datetime


class NamedSessions:
    """Shows and forgets sessions. One that is somebody else's is not there."""

    def __init__(
        self, store: Sessions, scopes: Scopes, stop: Stop, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._scopes = scopes
        self._stop = stop
        self._now = now

    async def show(self, who: Principal, name: str) -> Session:
        """How a session stands. Raises `NotFound`."""
        found = await self._store.show(self._scope(who, name), name, self._now())
        if found is None:
            raise NotFound
        return Session(*found)

    async def forget(self, who: Principal, name: str) -> None:
        """Delete a session with all that was said; what is being written is stopped.

        Raises `NotFound`.
        """
        there, run = await self._store.forget(self._scope(who, name), name, self._now())
        if run is not None:
            await self._stop(run)
        if not there:
            raise NotFound

    def _scope(self, who: Principal, name: str) -> str:
        scope = self._scopes.of(who, name) if _NAME.fullmatch(name) else None
        if scope is None:
            raise NotFound
        return scope
