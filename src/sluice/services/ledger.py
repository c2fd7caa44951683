"""Runs outside of conversations: of each a row is kept, written together with others'.

A run's beginning waits a moment before it is written: many runs have ended by then, and need but
one row to be written. An end waits for a tenth of that, for others to share its transaction: one by
itself costs more than all else that there is to do about a request's end.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import NamedTuple, Protocol

from sluice.core.errors import SluiceError
from sluice.services.archive import Closing, Opening

MOMENT = 0.02  # seconds that beginnings wait for each other
SHORT = 0.002  # seconds that ends do
MOST = 256  # rows in one transaction

log = logging.getLogger("sluice.ledger")


class Rows(Protocol):
    """Where the rows are kept."""

    async def begin(self, openings: Sequence[Opening]) -> None:
        """Write down that these run, unless their ends are there already."""
        ...

    async def end(self, closings: Sequence[Closing]) -> None:
        """Write down how these ended, whether or not their beginnings are there."""
        ...


class Ending(NamedTuple):
    """A row that waits to be written, and who waits for it."""

    closing: Closing
    written: "asyncio.Future[None]"


class Ledger:
    """Groups the rows of runs."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._running: set[str] = set()
        self._beginning: dict[str, Opening] = {}
        self._ending: list[Ending] = []
        self._writing: set[asyncio.Task[None]] = set()
        self._busy = False
        self._soon: asyncio.TimerHandle | None = None

    def begin(self, opening: Opening) -> None:
        """A run begins. Its row is written soon, unless it ends before."""
        self._running.add(opening.id)
        self._beginning[opening.id] = opening
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(MOMENT, self._flush)

    def keeps(self, run: str) -> bool:
        """Whether the run began here, and has not ended."""
        return run in self._running

    async def end(self, closing: Closing) -> None:
        """A run has ended: return once that is stored."""
        self._running.discard(closing.id)
        self._beginning.pop(closing.id, None)
        written = asyncio.get_running_loop().create_future()
        self._ending.append(Ending(closing, written))
        if not self._busy:
            self._busy = True
            self._write(self._write_ends())
        await written

    async def close(self) -> None:
        """Wait until everything is written."""
        if self._soon is not None:
            self._soon.cancel()
            self._flush()
        while self._writing:
            await asyncio.wait(self._writing)

    def _flush(self) -> None:
        self._soon = None
        if self._beginning:
            openings, self._beginning = list(self._beginning.values()), {}
            self._write(self._write_beginnings(openings))

    def _write(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="rows of runs")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write_beginnings(self, openings: Sequence[Opening]) -> None:
        try:
            for at in range(0, len(openings), MOST):
                await self._rows.begin(openings[at : at + MOST])
        except SluiceError as problem:  # their ends will be written whole
            log.warning("the beginnings of runs could not be written: %s", problem.code)

    async def _write_ends(self) -> None:
        await asyncio.sleep(SHORT)
        while self._ending:
            batch, self._ending = self._ending[:MOST], self._ending[MOST:]
            try:
                await self._rows.end([one.closing for one in batch])
            except Exception as problem:  # noqa: BLE001 - out of this task, into those that wait
                _tell(batch, problem)
            else:
                _tell(batch, None)
        self._busy = False


def _tell(batch: Sequence[Ending], problem: Exception | None) -> None:
    for one in batch:
        if one.written.done():  # whoever waited has left
            continue
        if problem is None:
            one.written.set_result(None)
        else:
            one.written.set_exception(problem)
