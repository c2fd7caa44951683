"""How often, and how many at once: ports and rules. Nothing here knows HTTP."""

from typing import Protocol

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """So many requests within any stretch of so many seconds."""

    amount: int
    seconds: float


class Verdict(msgspec.Struct, frozen=True):
    """What a limit says to one request.

    `remaining`  requests that are left
    `reset`      seconds until the next one is free again, where none is left; else until all are
    """

    allowed: bool
    limit: int
    remaining: int
    reset: float


class Counter(Protocol):
    """Counts requests in moving windows. Bounded: it forgets who has not been seen for longest."""

    def hit(self, bucket: str, caller: str, rate: Rate) -> Verdict:
        """Count a request, unless it is one too many."""
        ...

    def peek(self, bucket: str, caller: str, rate: Rate) -> Verdict:
        """What would be said, without counting."""
        ...


class Limits:
    """The limits of each route. A route names its bucket; routes of one bucket share a count."""

    def __init__(self, counter: Counter, rates: dict[str, Rate], default: Rate | None) -> None:
        self._counter = counter
        self._rates = rates
        self._default = default

    def take(self, bucket: str, caller: str) -> Verdict | None:
        """Count a generating request; None where nothing is limited."""
        rate = self._rates.get(bucket, self._default)
        return None if rate is None else self._counter.hit(bucket, caller, rate)
