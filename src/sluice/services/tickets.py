"""Tickets: for clients that can set no header, such as a browser's `EventSource`.

A ticket stands in an address, where it may be seen: it lives half a minute, works once, and then
only to resume the run that it began.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from sluice.core.commands import Principal
from sluice.services.lookups import Recent

FRESH = 30.0  # seconds that a ticket waits to be used
REMEMBERED = 1800.0  # seconds that a used one will do for its run: longer than a run may take
MOST_EACH = 100  # of one user, that wait to be used
MOST = 100_000  # of all users; and as many that were used


class Tickets(Protocol):
    """Gives tickets out, and takes them."""

    def issue(self, who: Principal) -> str:
        """A ticket for somebody who is signed in; it is as good as what let them in."""
        ...

    def redeem(self, ticket: str) -> Principal | None:
        """Whose ticket this is; once only."""
        ...

    def began(self, ticket: str, run: str) -> None:
        """A used ticket has begun its run. It has one: another call changes nothing."""
        ...

    def resume(self, ticket: str, run: str) -> Principal | None:
        """Whose ticket this was, if it is the one that began that run."""
        ...


class Used(msgspec.Struct):
    """A ticket that was redeemed, and the run that it began, once it has."""

    who: Principal
    run: str | None = None


class TicketBox:
    """`Tickets` in memory. Beyond so many, the oldest no longer work: a user's own first.

    `wall` is epoch seconds, which those of `expires` are compared with; `token` makes a random
    one, of 256 bits.
    """

    def __init__(
        self,
        wall: Callable[[], float],
        token: Callable[[], str],
        most_each: int = MOST_EACH,
        most: int = MOST,
    ) -> None:
        self._wall = wall
        self._token = token
        self._most_each = most_each
        self._most = most
        self._open: Recent[Principal] = Recent(most)
        self._mine: Recent[dict[str, None]] = Recent(most)  # those of each user, the oldest first
        self._used: Recent[Used] = Recent(most)

    def issue(self, who: Principal) -> str:
        now, ticket = self._wall(), self._token()
        mine = self._mine.get(who.caller, now) or {}
        if len(mine) >= self._most_each:
            oldest = next(iter(mine))
            del mine[oldest]
            self._open.drop(oldest)
        mine[ticket] = None
        self._mine.put(who.caller, mine, now, now + FRESH)
        self._open.put(ticket, who, now, now + FRESH)
        return ticket

    def redeem(self, ticket: str) -> Principal | None:
        now = self._wall()
        who = self._open.get(ticket, now)
        if who is None:
            return None
        self._open.drop(ticket)
        mine = self._mine.get(who.caller, now)
        if mine is not None:
            mine.pop(ticket, None)
        self._used.put(ticket, Used(who), now, now + REMEMBERED)
        return _holding(who, now)

    def began(self, ticket: str, run: str) -> None:
        used = self._used.get(ticket, self._wall())
        if used is not None and used.run is None:
            used.run = run

    def resume(self, ticket: str, run: str) -> Principal | None:
        now = self._wall()
        used = self._used.get(ticket, now)
        if used is None or used.run != run:
            return None
        return _holding(used.who, now)


def _holding(who: Principal, now: float) -> Principal | None:
    """Who this is, as long as what let them in holds."""
    return who if who.expires is None or who.expires > now else None
