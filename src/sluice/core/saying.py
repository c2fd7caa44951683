"""How a provider's words get into its run, and who is told of them on the way."""

from collections.abc import Sequence
from typing import Protocol

from sluice.core.events import Event, Finished
from sluice.core.ports import Enough
from sluice.core.runs import Run
from sluice.core.shelf import Shelf


class Chronicle(Protocol):
    """Somebody who is told how runs go, for detailed logs. Must be quick, and must not raise."""

    def began(self, run: Run) -> None: ...
    def said(self, run: Run, events: Sequence[Event]) -> None: ...
    def ended(self, run: Run) -> None: ...


class Saying:
    """A provider's way into its run's log: what `say` is, for as long as the run plays."""

    __slots__ = ("_chronicle", "_most", "_run", "_shelf", "ending")

    def __init__(self, run: Run, shelf: Shelf, most: int, chronicle: Chronicle | None) -> None:
        self._chronicle = chronicle
        self._run = run
        self._shelf = shelf
        self._most = most
        self.ending: Finished | None = None

    def __call__(self, events: Sequence[Event]) -> None:
        """Append; raises `Enough` where the run, or all together, have said all they may."""
        if isinstance(last := events[-1], Finished):
            self.ending = last
            events = events[:-1]
        grown = self._run.extend(events)
        if self._chronicle is not None:
            self._chronicle.said(self._run, events)
        if not self._shelf.grow(grown) or self._run.log.size > self._most:
            raise Enough
