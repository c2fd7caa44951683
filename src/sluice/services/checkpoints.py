"""What long answers have said so far, kept every few seconds: what a crash leaves of them."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from sluice.core.errors import SluiceError
from sluice.core.events import TextDelta
from sluice.core.runs import Run
from sluice.services.archive import Archive, Piece
from sluice.services.calls import INNER

EVERY = 2.0  # seconds

log = logging.getLogger("sluice.checkpoints")


class Checkpoints:
    """Looks at all live runs every so often, and stores what they have said since."""

    def __init__(self, archive: Archive, live: Callable[[], Sequence[Run]]) -> None:
        self._archive = archive
        self._live = live
        self._reached: dict[str, tuple[int, int]] = {}  # events and characters stored, by run

    async def watch(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.look()

    async def look(self) -> None:
        """Store what is new."""
        pieces: list[Piece] = []
        reached: dict[str, tuple[int, int]] = {}
        for run in self._live():
            if run.dialect == INNER:
                continue
            before = self._reached.get(run.id, (0, 0))
            reached[run.id], piece = _since(run, *before)
            if piece is not None:
                pieces.append(piece)
        try:
            if pieces:
                await self._archive.checkpoint(pieces)
        except SluiceError as problem:
            log.warning("checkpoints could not be stored: %s", problem.code)
            return
        self._reached = reached  # only now: what could not be stored is tried again


def _since(run: Run, events: int, characters: int) -> tuple[tuple[int, int], Piece | None]:
    """How far the run has come, and what it has said on the way."""
    texts: list[str] = []
    while found := run.log.read(events):
        events += len(found)
        texts += [event.text for event in found if isinstance(event, TextDelta)]
    text = "".join(texts)
    if not text:
        return (events, characters), None
    characters += len(text)
    kept = text if run.place is not None else ""  # what nobody asked to remember is not kept
    return (events, characters), Piece(run.id, kept, characters)
