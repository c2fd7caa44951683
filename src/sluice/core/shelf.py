"""Runs that have ended and can still be followed, oldest first: for a time, within a budget."""

from collections import OrderedDict

from sluice.core.runs import Run


class Shelf:
    """Keeps ended runs for `retention` seconds, and all logs together within `budget` bytes.

    `used` counts live logs too, which the engine reports by `grow`; only ended runs can be given
    up for room. Times are arguments.
    """

    def __init__(self, retention: float, budget: int) -> None:
        self._retention = retention
        self._budget = budget
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self.used = 0

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, id: str) -> Run | None:
        return self._runs.get(id)

    def grow(self, size: int) -> bool:
        """Count `size` bytes more. False where that is over the budget and nothing can go."""
        self.used += size
        if self.used <= self._budget:
            return True
        while self._runs and self.used > self._budget:
            self._drop().expire()
        return self.used <= self._budget

    def put(self, run: Run) -> None:
        """Keep a run that has ended."""
        self.used -= run.log.compact()
        self._runs[run.id] = run
        self.grow(0)

    def expire(self, now: float) -> float | None:
        """Give up what has been kept for long enough; returns when to look again, if ever.

        Who follows such a run just now reads it to its end.
        """
        while self._runs:
            oldest = next(iter(self._runs.values()))
            due = (oldest.ended or 0.0) + self._retention
            if due > now:
                return due
            self._drop()
        return None

    def _drop(self) -> Run:
        _, run = self._runs.popitem(last=False)
        self.used -= run.log.size
        return run
