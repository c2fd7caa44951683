"""How many runs each caller has at once: a place for each, kept until the run ends."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from sluice.core.commands import Principal
from sluice.core.errors import Overloaded
from sluice.core.runs import Run
from sluice.services.asking import Seat


class Place:
    """One caller's `Seat`. It is given back once."""

    __slots__ = ("_give_back", "_task")

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._task: asyncio.Task[None] | None = None

    def taken(self, run: Run) -> None:
        self._task = run.task

    def leave(self) -> None:
        """The run is being prepared no more: it has begun, or never will."""
        if self._task is None:
            self._give_back()
        else:
            self._task.add_done_callback(lambda _: self._give_back())


class PlacesPerCaller:
    """The `Guests` of a server. `most_of` tells how many places somebody may have."""

    def __init__(self, most_of: Callable[[Principal], int]) -> None:
        self._most_of = most_of
        self._taken: dict[str, int] = {}  # only those who have a place now

    def seat(self, who: Principal) -> AbstractContextManager[Seat]:
        return self._seat(who)

    def __len__(self) -> int:
        """How many callers have a place now."""
        return len(self._taken)

    @contextmanager
    def _seat(self, who: Principal) -> Generator[Seat]:
        caller, most = who.caller, self._most_of(who)
        if self._taken.get(caller, 0) >= most:
            raise Overloaded(
                f"You may have {most} replies written at once, and no more.", retry_after=1
            )
        self._taken[caller] = self._taken.get(caller, 0) + 1
        place = Place(lambda: self._give_back(caller))
        try:
            yield place
        finally:
            place.leave()

    def _give_back(self, caller: str) -> None:
        left = self._taken[caller] - 1
        if left:
            self._taken[caller] = left
        else:
            del self._taken[caller]
