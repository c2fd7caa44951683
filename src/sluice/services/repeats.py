"""Requests that are the same: one run for all of them. `Idempotency-Key`, as long as it is fresh.

What a signed-in user has asked is stored as well; this is what the process knows by itself.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager

from sluice.core.commands import Once
from sluice.core.errors import IdempotencyMismatch

MOST = 10_000  # keys that are remembered


class Repeat:
    """One key: its request, and the run that answers it, once that has begun."""

    __slots__ = ("fingerprint", "run")

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.run: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()


class Repeats:
    """The keys of each caller."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Repeat] = OrderedDict()

    async def join(self, caller: str, once: Once) -> str | None:
        """The id of the run that answers this already; waits for one that is just beginning.

        None where the caller is the first to ask. Raises `IdempotencyMismatch`.
        """
        while (known := self._known.get((caller, once.key))) is not None:
            if known.fingerprint != once.fingerprint:
                raise IdempotencyMismatch
            if (run := await asyncio.shield(known.run)) is not None:
                return run
        return None

    @contextmanager
    def first(self, caller: str, once: Once) -> Generator[Repeat]:
        """Hold the key while the run begins. What fails to begin leaves the key free again.

        Call it in the same turn of the loop in which `join` has said that nobody else has it.
        """
        key = (caller, once.key)
        known = self._known[key] = Repeat(once.fingerprint)
        try:
            yield known
        finally:
            if not known.run.done():
                del self._known[key]
                known.run.set_result(None)
            while len(self._known) > MOST:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        key, known = next(iter(self._known.items()))
        if known.run.done():
            del self._known[key]
        else:
            self._known.move_to_end(key)
