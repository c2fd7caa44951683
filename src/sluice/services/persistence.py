"""Ends of runs are stored, even where the store is out of reach when they come. Knows no SQL.

What cannot be stored is kept in order, and tried again until it can be, with growing pauses.
Whoever follows a run of a conversation waits for its end meanwhile, for as long as `PATIENCE` from
the beginning of the outage: a database that restarts is back by then, and nobody has noticed more
than a pause. After that the run fails for them with `internal`; its end is stored all the same when
the store is back, so that neither the reply nor what it took is lost, and the conversation is free.

The end of a run outside of conversations has nothing that a client could look for: its row is kept
here, and nobody waits for it. What is kept when the process ends is lost: to the next start those
runs have crashed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from sluice.core.commands import Once
from sluice.core.errors import SluiceError, StoreUnavailable
from sluice.services.archive import Archive, Closing, Opened, Opening, Piece, StoredRun
from sluice.services.ledger import Rows

Write = Callable[[], Awaitable[None]]

PATIENCE = 30.0  # seconds from the beginning of an outage that followers wait for an end
FIRST, LONGEST = 0.1, 2.0  # seconds between two tries
MOST = 20_000  # ends that are kept; what comes beyond is refused
CLOSING = 5.0  # seconds that are left for them when the server closes

log = logging.getLogger("sluice.persistence")


class Unsure(StoreUnavailable):
    """The connection broke while a transaction was committed: nobody knows whether it was."""


class Debt(NamedTuple):
    """What is to be stored yet; `paid` gets what went wrong with it, or None."""

    write: Write
    paid: "asyncio.Future[SluiceError | None]"


class Persistence:
    """Tries again. `clock` is monotonic seconds."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._owed: deque[Debt] = deque()
        self._payer: asyncio.Task[None] | None = None
        self._since = 0.0  # when the outage began

    def __len__(self) -> int:
        """How many ends wait to be stored."""
        return len(self._owed)

    async def store(self, write: Write, *, wait: bool) -> None:
        """Have this stored, which may be done twice; `wait` until it is.

        Raises `StoreUnavailable` where that takes too long, though it is tried further; and what
        `write` raises.
        """
        if not self._owed:  # else it would come before what came before it
            try:
                await write()
            except StoreUnavailable:
                pass
            else:
                return
        debt = self._owe(write)
        if not wait:
            return
        left = max(0.0, self._since + self._patience - self._clock())
        done, _ = await asyncio.wait([debt.paid], timeout=left)
        if not done:
            raise StoreUnavailable
        if (problem := debt.paid.result()) is not None:
            raise problem

    async def close(self) -> None:
        """Give what is left a last chance."""
        if self._payer is None:
            return
        await asyncio.wait([self._payer], timeout=CLOSING)
        self._payer.cancel()
        if self._owed:
            log.error("the ends of %d runs could not be stored", len(self._owed))

    def _owe(self, write: Write) -> Debt:
        if len(self._owed) >= MOST:
            raise StoreUnavailable
        debt = Debt(write, asyncio.get_running_loop().create_future())
        self._owed.append(debt)
        if self._payer is None:
            self._since = self._clock()
            log.warning("the store is out of reach: ends of runs are kept until it is back")
            self._payer = asyncio.create_task(self._pay(), name="ends to be stored")
        return debt

    async def _pay(self) -> None:
        pause, stored = FIRST, 0
        try:
            while self._owed:
                await self._sleep(pause)
                before, pause = stored, min(2 * pause, LONGEST)
                while self._owed and await self._try(self._owed[0]):
                    stored += 1
                    self._owed.popleft()
                if stored > before:
                    pause = FIRST
        finally:
            self._payer = None
        log.warning("the store is back: the ends of %d runs are stored", stored)

    async def _try(self, debt: Debt) -> bool:
        """Whether this is off the list."""
        problem: SluiceError | None = None
        try:
            await debt.write()
        except StoreUnavailable:
            return False
        except SluiceError as found:
            problem = found
        except Exception as bug:  # noqa: BLE001 - out of this task, into the one that waits
            log.error("the end of a run could not be stored: %s", type(bug).__name__)
            problem = SluiceError()
        if not debt.paid.done():
            debt.paid.set_result(problem)
        return True


class PersistentArchive:
    """An `Archive` whose ends are stored in any case."""

    def __init__(self, archive: Archive, persistence: Persistence) -> None:
        self._archive = archive
        self._persistence = persistence

    async def open(self, opening: Opening) -> Opened:
        return await self._archive.open(opening)

    async def checkpoint(self, pieces: Sequence[Piece]) -> None:
        await self._archive.checkpoint(pieces)

    async def close(self, closing: Closing) -> None:
        await self._persistence.store(lambda: self._archive.close(closing), wait=True)

    async def replay(self, id: str) -> StoredRun | None:
        return await self._archive.replay(id)

    async def answered(self, caller: str, once: Once) -> str | None:
        return await self._archive.answered(caller, once)


class PersistentRows:
    """The `Rows` of runs outside of conversations, whose ends are stored in any case."""

    def __init__(self, rows: Rows, persistence: Persistence) -> None:
        self._rows = rows
        self._persistence = persistence

    async def begin(self, openings: Sequence[Opening]) -> None:
        await self._rows.begin(openings)

    async def end(self, closings: Sequence[Closing]) -> None:
        await self._persistence.store(lambda: self._rows.end(closings), wait=False)
