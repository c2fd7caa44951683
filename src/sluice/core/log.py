"""One run's events, numbered from 1, in memory. Knows no followers and no clock."""

from array import array
from collections.abc import Sequence
from itertools import pairwise

from sluice.core.errors import InvalidRequest, SluiceError
from sluice.core.events import Event, ReasoningDelta, TextDelta
from sluice.core.transcript import transcribe

EVENT_COST = 112  # bytes that an event takes beside its text: the struct, the str, its place
ENDED_COST = 2048  # bytes that an ended run takes beside its text and offsets
READ_LIMIT = 256  # events in one read, so that no reader holds the loop for long


def cost(events: Sequence[Event]) -> int:
    """About how many bytes of memory these events take."""
    total = 0
    for event in events:
        total += EVENT_COST
        if type(event) is TextDelta or type(event) is ReasoningDelta:
            text = event.text
            total += len(text) if text.isascii() else 4 * len(text)
    return total


class Log:
    """Append-only while its run goes on; compacted to its text and offsets when that has ended.

    `size` is about the memory it takes, in bytes.
    """

    __slots__ = ("_ends", "_events", "_others", "_text", "size")

    def __init__(self) -> None:
        self._events: list[Event] | None = []
        self._text = ""
        self._ends: array[int] = array("Q")
        self._others: dict[int, Event] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._ends) if self._events is None else len(self._events)

    def refusal(self, after: int) -> SluiceError | None:
        """Why nobody can read on from just past event `after`, if so."""
        if 0 <= after <= len(self):
            return None
        return InvalidRequest("This run has no such event.", field="last_event_id")

    def extend(self, events: Sequence[Event]) -> int:
        """Append, and return by how many bytes the log has grown."""
        assert self._events is not None, "an ended log grows no more"
        self._events += events
        grown = cost(events)
        self.size += grown
        return grown

    def read(self, after: int, limit: int = READ_LIMIT) -> Sequence[Event]:
        """The events from number `after + 1` on, at most `limit` of them."""
        if self._events is not None:
            return self._events[after : after + limit]
        return [self._restore(at) for at in range(after, min(after + limit, len(self._ends)))]

    def text(self) -> str:
        """The answer so far."""
        return self._text if self._events is None else transcribe(self._events)

    def thoughts(self) -> str:
        """The reasoning so far."""
        events = self._others.values() if self._events is None else self._events
        return "".join([event.text for event in events if isinstance(event, ReasoningDelta)])

    def lengths(self) -> list[int]:
        """How many characters of the answer each event brought."""
        if self._events is not None:
            return [len(e.text) if isinstance(e, TextDelta) else 0 for e in self._events]
        return [end - start for start, end in pairwise([0, *self._ends])]

    def compact(self) -> int:
        """Give up the list of events for text and offsets; returns by how much that shrank it."""
        assert self._events is not None, "a log is compacted once"
        text, end = transcribe(self._events), 0
        for at, event in enumerate(self._events):
            if isinstance(event, TextDelta):
                end += len(event.text)
            else:
                self._others[at] = event
            self._ends.append(end)
        before, self._text, self._events = self.size, text, None
        size = len(text) if text.isascii() else 4 * len(text)
        self.size = ENDED_COST + size + 8 * len(self._ends) + cost(list(self._others.values()))
        return before - self.size

    def _restore(self, at: int) -> Event:
        if at in self._others:
            return self._others[at]
        return TextDelta(self._text[self._ends[at - 1] if at else 0 : self._ends[at]])
