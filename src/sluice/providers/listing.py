"""What a list of models says of each, and what the local server says it has. Knows no HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from sluice.core.errors import SluiceError

FRESH = 30.0  # seconds that a list is taken for true
STALE = 5.0  # seconds until a server that gave none is asked again
PATIENCE = 3.0  # seconds that a list may take
MOST = 1_000  # names that are kept


class Listed(NamedTuple):
    """A model that can be asked for by this name.

    `default`    it answers where no model is named
    `window`     tokens
    `price`      USD per million tokens, in and out; None where nobody has said it
    `available`  False while it is left alone, because it has kept failing
    `vision`     it takes images
    """

    model: str
    provider: str
    default: bool
    window: int
    price: tuple[float, float] | None
    available: bool
    vision: bool


class Listing:
    """A list of names that is fetched when somebody wants it and it is no longer fresh.

    `fetch` raises a `SluiceError` where the server does not answer; what was known then stays.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[Sequence[str]]], clock: Callable[[], float]
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._names: tuple[str, ...] = ()
        self._until = clock()
        self._task: asyncio.Task[None] | None = None

    async def names(self) -> tuple[str, ...]:
        """The names as they are known now; waits for the server where they are not fresh.

        Whoever asks meanwhile shares the one request, and may leave without ending it for the
        others.
        """
        if self._clock() >= self._until:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._refresh(), name="local models")
            await asyncio.shield(self._task)
        return self._names

    async def close(self) -> None:
        """End a request that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                names = await self._fetch()
        except (SluiceError, TimeoutError):
            self._until = self._clock() + STALE
        else:
            self._names = tuple(names[:MOST])
            self._until = self._clock() + FRESH
