"""The log of a run as a store remembers it: its text, and how much of it each event brought.

What else was said along the way is not kept. Where several events are read at once, their text
comes as one: a client that asks for the rest of an answer gets it in one piece, and its end.
"""

from collections.abc import Sequence
from itertools import accumulate

from sluice.core.errors import RunExpired, SluiceError
from sluice.core.events import Ending, Event, Started, TextDelta, Usage
from sluice.core.log import Log


class StoredLog(Log):
    """A `Log` that has ended elsewhere or long ago. Events keep their numbers.

    `lengths` are the characters that each event brought, `Started` first, the ending left out.
    `exact`: they are those that clients have heard, and not what a crash has left of them.
    """

    __slots__ = ("_ending", "_exact", "_filler", "_lengths", "_reach", "_started", "_whole")

    def __init__(
        self,
        started: Started,
        text: str,
        lengths: Sequence[int],
        ending: Ending,
        usage: Usage,
        *,
        exact: bool = True,
    ) -> None:
        super().__init__()
        self._exact = exact
        self._started = started
        self._whole = text
        self._lengths = [*lengths, 0]
        self._reach = list(accumulate(self._lengths))
        self._ending = ending
        self._filler = usage  # stands where nothing is to be said: a report, and true

    def __len__(self) -> int:
        return len(self._reach)

    def refusal(self, after: int) -> SluiceError | None:
        """Where it is not known how far a client has come, text would be lost, or come twice."""
        known = range(len(self) + 1) if self._exact else range(2)
        return None if after in known else RunExpired()

    def read(self, after: int, limit: int | None = None) -> Sequence[Event]:
        end = len(self) if limit is None else min(after + limit, len(self))
        events: list[Event] = [self._filler] * max(0, end - after)
        if not events:
            return events
        text = self._whole[self._reach[after - 1] if after else 0 : self._reach[end - 1]]
        if text:
            last = max(at for at in range(after, end) if self._lengths[at])
            events[last - after] = TextDelta(text)
        if after == 0:
            events[0] = self._started
        if end == len(self):
            events[-1] = self._ending
        return events

    def text(self) -> str:
        return self._whole

    def thoughts(self) -> str:
        return ""

    def lengths(self) -> list[int]:
        return self._lengths
