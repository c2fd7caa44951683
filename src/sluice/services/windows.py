"""Moving windows: so many requests within any stretch of so many seconds. Knows no HTTP."""

import re
from collections import OrderedDict, deque
from collections.abc import Callable

from sluice.services.limits import Rate, Verdict

SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}
WRITTEN = re.compile(r"\s*([0-9]{1,9})\s*/\s*(second|minute|hour|day)\s*")


def parse_rate(text: str) -> Rate:
    """A rate as it is written in settings: `30/minute`. Raises `ValueError`."""
    found = WRITTEN.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError("expected a rate such as 30/minute (of second, minute, hour, day)")
    return Rate(int(found[1]), SECONDS[found[2]])


class Window:
    """When one caller's requests came, the oldest first; `seconds` is how long each counts."""

    __slots__ = ("seconds", "times")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.times: deque[float] = deque()

    def forget(self, now: float) -> None:
        """Drop what no longer counts."""
        times = self.times
        while times and times[0] + self.seconds <= now:
            times.popleft()


class MovingWindows:
    """A `Counter` in memory. `clock` is monotonic, in seconds.

    Of each bucket it remembers `most_callers`, and of each caller the requests that still count,
    so never more than a rate's amount.
    """

    def __init__(self, clock: Callable[[], float], most_callers: int = 100_000) -> None:
        self._clock = clock
        self._most = most_callers
        # A bucket has one rate as a rule: whoever has not been seen in it for longest is the first
        # of whom nothing counts any more. So those who have gone are found in front.
        self._buckets: dict[str, OrderedDict[str, Window]] = {}

    def hit(self, bucket: str, caller: str, rate: Rate) -> Verdict:
        now = self._clock()
        callers = self._buckets.setdefault(bucket, OrderedDict())
        window = callers.get(caller)
        if window is None:
            window = callers[caller] = Window()
        else:
            callers.move_to_end(caller)
        window.seconds = rate.seconds
        window.forget(now)
        allowed = len(window.times) < rate.amount
        if allowed:
            window.times.append(now)
        self._shrink(callers, now)
        return _verdict(window.times, rate, now, allowed=allowed)

    def peek(self, bucket: str, caller: str, rate: Rate) -> Verdict:
        """What would be said of a request now; `remaining` counts that one, too."""
        now = self._clock()
        callers = self._buckets.get(bucket)
        window = None if callers is None else callers.get(caller)
        times = () if window is None else window.times
        live = deque(time for time in times if time + rate.seconds > now)
        return _verdict(live, rate, now, allowed=len(live) < rate.amount)

    def __len__(self) -> int:
        """How many callers are remembered, in all buckets."""
        return sum(map(len, self._buckets.values()))

    def _shrink(self, callers: OrderedDict[str, Window], now: float) -> None:
        """Forget those in front of whom nothing counts, and whoever is one too many."""
        while callers:
            caller, window = next(iter(callers.items()))
            window.forget(now)
            if window.times and len(callers) <= self._most:
                return
            del callers[caller]


def _verdict(times: deque[float], rate: Rate, now: float, *, allowed: bool) -> Verdict:
    remaining = max(0, rate.amount - len(times))
    if not times:
        return Verdict(allowed, rate.amount, remaining, 0.0 if remaining else rate.seconds)
    # With none left, one is free once fewer than `amount` count: there may be more than that where
    # another route of the bucket allows more.
    turning = times[-1] if remaining else times[len(times) - rate.amount if rate.amount else -1]
    return Verdict(allowed, rate.amount, remaining, max(0.0, turning + rate.seconds - now))
