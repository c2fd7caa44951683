"""How long somebody stays let in: what was revoked, and whose streams end for it.

Knows neither HTTP nor how anybody proved who they are.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from sluice.core.commands import Principal
from sluice.core.errors import StoreUnavailable
from sluice.services.accounts.ports import Subject
from sluice.services.identity import Admitted

TICK = 1.0  # seconds between two looks at what has expired
LOOK = 2.0  # seconds between two looks at what others have revoked
PATIENCE = 10.0  # seconds that such a look may take
OVERLAP = 60.0  # seconds: what is written with one time may be committed later
KEPT = 1860.0  # seconds that a revocation is kept: longer than any token or ticket lives
MOST = 200_000  # revocations that are kept
SLOTS = 1024

log = logging.getLogger("sluice.standing")


class Revocation(NamedTuple):
    """That something was revoked: as the how-manieth that was heard of, and when."""

    number: int
    at: float


class Revocations:
    """What was revoked lately, by the id of the user, login or key. Ids are never used twice."""

    def __init__(self, most: int = MOST) -> None:
        self.count = 0
        """How many have been heard of so far."""
        self._most = most
        self._known: OrderedDict[str, Revocation] = OrderedDict()

    def hear(self, id: str, at: float, now: float) -> bool:
        """Take note; whether that is news. `at` and `now` are epoch seconds."""
        known = self._known.get(id)
        if known is not None and known.at >= at:
            return False
        self.count += 1
        self._known[id] = Revocation(self.count, at)
        self._known.move_to_end(id)
        while self._known:
            oldest = next(iter(self._known.values()))
            if oldest.at > now - KEPT and len(self._known) <= self._most:
                break
            self._known.popitem(last=False)
        return True

    def since(self, count: int, *ids: str | None) -> bool:
        """Whether one of these was revoked after so many had been heard of.

        That is what anything found out in a database is to be checked by, for it may have been
        read before and arrive after: no two clocks agree on that.
        """
        if count == self.count:
            return False
        return any(
            known.number > count for id in ids if id is not None and (known := self._known.get(id))
        )

    def ended(self, user: str, login: str | None, issued: float) -> bool:
        """Whether what was issued at that moment, to this user in this login, is no good by now.

        A user may come back after being revoked: only what is from before stays bad.
        """
        if login is not None and login in self._known:
            return True
        known = self._known.get(user)
        return known is not None and known.at >= issued


class Books(Protocol):
    """Where all servers write what they revoke; see `IdentityStore`."""

    async def revoked_since(self, at: datetime) -> Sequence[tuple[Subject, str, datetime]]: ...


class Vigil:
    """One open stream, and what to call when its reader is no longer let in."""

    __slots__ = ("lapsed", "who")

    def __init__(self, who: Principal, lapsed: Callable[[], None]) -> None:
        self.who = who
        self.lapsed: Callable[[], None] | None = lapsed

    def end(self) -> None:
        """Call it, unless that was done, or is not wanted any more."""
        lapsed, self.lapsed = self.lapsed, None
        if lapsed is not None:
            lapsed()


class Watchman:
    """A `Standing`: watches open streams, all with one timer. `wall` is epoch seconds."""

    def __init__(self, books: Books, revocations: Revocations, wall: Callable[[], float]) -> None:
        self._books = books
        self._revocations = revocations
        self._wall = wall
        self._looked: float | None = None  # when others' revocations were last read
        self._ticked = wall()
        self._cut_off = False
        self._by_id: dict[str, set[Vigil]] = {}  # a user's, a login's, a key's
        # By the second in which they expire, modulo SLOTS: a tick looks at one slot, whose streams
        # may also be due a number of rounds later.
        self._by_second: list[set[Vigil]] = [set() for _ in range(SLOTS)]

    def watch(self, who: Principal, lapsed: Callable[[], None]) -> Callable[[], None]:
        """See `Standing`. `lapsed` is called by the loop, never from within this call."""
        vigil = Vigil(who, lapsed)
        known = who.since if isinstance(who, Admitted) else 0
        if self._revocations.since(known, who.id, who.login) or self._expired(who):
            self._lapse(vigil)
            return lambda: self._stop(vigil)
        for id in (who.id, who.login):
            if id is not None:
                self._by_id.setdefault(id, set()).add(vigil)
        if who.expires is not None:
            self._by_second[int(who.expires) % SLOTS].add(vigil)
        return lambda: self._stop(vigil)

    def revoked(self, kind: Subject, id: str) -> None:
        """This process has just revoked it: act at once."""
        self._revoke(id, self._wall())

    def tick(self) -> None:
        """End the streams of those whose time is over."""
        now = self._wall()
        first = max(int(min(self._ticked, now)), int(now) - SLOTS + 1)
        self._ticked = now
        for second in range(first, int(now) + 1):
            due = [one for one in self._by_second[second % SLOTS] if self._expired(one.who)]
            for vigil in due:
                self._lapse(vigil)

    async def look(self) -> None:
        """Read what other processes have revoked. Where the store is out of reach, what is missed
        is read by the first look that succeeds."""
        now = self._wall()
        since = now - KEPT if self._looked is None else self._looked - OVERLAP
        try:
            async with asyncio.timeout(PATIENCE):
                news = await self._books.revoked_since(datetime.fromtimestamp(since, UTC))
        except (StoreUnavailable, TimeoutError):
            if not self._cut_off:
                log.warning("the store is out of reach: what others revoke is not heard of")
            self._cut_off = True
            return
        if self._cut_off:
            log.warning("the store is back")
        self._cut_off = False
        self._looked = now
        for _, id, at in news:
            self._revoke(id, at.timestamp())

    async def live(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_looking(), name="revocations")
            tasks.create_task(self._keep_ticking(), name="expiries")

    def __len__(self) -> int:
        """How many ids and expiries are watched."""
        return len(self._by_id) + sum(map(len, self._by_second))

    async def _keep_looking(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK)

    async def _keep_ticking(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(TICK)

    def _revoke(self, id: str, at: float) -> None:
        if self._revocations.hear(id, at, self._wall()):
            for vigil in tuple(self._by_id.get(id, ())):
                self._lapse(vigil)

    def _expired(self, who: Principal) -> bool:
        return who.expires is not None and who.expires <= self._wall()

    def _lapse(self, vigil: Vigil) -> None:
        # By way of the loop, so that what goes wrong in one stream keeps no other from ending.
        self._forget(vigil)
        asyncio.get_running_loop().call_soon(vigil.end)

    def _stop(self, vigil: Vigil) -> None:
        vigil.lapsed = None
        self._forget(vigil)

    def _forget(self, vigil: Vigil) -> None:
        who = vigil.who
        for id in (who.id, who.login):
            if id is not None and (watched := self._by_id.get(id)) is not None:
                watched.discard(vigil)
                if not watched:
                    del self._by_id[id]
        if who.expires is not None:
            self._by_second[int(who.expires) % SLOTS].discard(vigil)
