"""Whose turn it is in a conversation where messages wait for each other."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sluice.core.engine import Engine
from sluice.core.errors import ConversationBusy, RunExpired

WAITING = 16  # messages that may wait in one conversation
LOOK = 0.25  # seconds between two looks at a run that another process has

Key = tuple[str, str, str]


class Turns:
    """Those who wait, in the order in which they came."""

    def __init__(self) -> None:
        self._locks: dict[Key, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, key: Key) -> AsyncGenerator[None]:
        """Be the next. Raises `ConversationBusy` where too many wait."""
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        if waiting > WAITING:
            raise ConversationBusy("Too many messages wait in this conversation.")
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            _, waiting = self._locks[key]
            if waiting == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, waiting - 1)

    async def end_of(self, engine: Engine, run: str) -> None:
        """Wait until a run has ended, or for a moment where it is not ours to watch."""
        try:
            task = engine.find(run).task
        except RunExpired:
            task = None
        if task is None or task.done():
            await asyncio.sleep(LOOK)
        else:
            await asyncio.wait([task])
