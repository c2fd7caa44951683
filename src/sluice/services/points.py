"""Points: what replies cost a user, and where. A balance is the sum of its ledger, always."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol

import msgspec

from sluice.core.errors import InvalidRequest
from sluice.services.archive import Hold

POINTS = "points"
TOKENS = "tokens"
DIALECT = "interactions"  # where points are charged, unless they are everywhere
MOST = 1_000_000_000  # points in one grant
LONGEST = 200  # characters of a note
GRANTED = "points_grant"  # as the audit has it
REGISTRATION = "registration"  # the note of what a new user begins with

Where = Literal["interactions", "all", "off"]


class Tariff(msgspec.Struct, frozen=True):
    """What is charged, and where.

    `where`      in which dialects: `interactions`, `all` or `off`
    `per_point`  tokens that one point pays for; a part of a point is a whole one
    """

    where: Where = "interactions"
    per_point: int = 30

    def price(self, tokens: int) -> int:
        """What so many tokens cost."""
        return -(-tokens // self.per_point)

    def charges(self, dialect: str, owner: str | None) -> bool:
        """Whether this run is to be paid for."""
        if owner is None or self.where == "off":
            return False
        return self.where == "all" or dialect == DIALECT

    def hold(self, tokens: int) -> Hold:
        """What a run that is thought to take so many tokens has to reserve."""
        # A grant stands in the balance as something that was spent less: so nothing may be above.
        return Hold(POINTS, "", 0, tokens, self.price)

    def taken(self, tokens: int) -> Mapping[str, int]:
        """What a run has taken of what it may have reserved."""
        return {TOKENS: tokens, POINTS: self.price(tokens)}


class PointEntry(msgspec.Struct, frozen=True):
    """A line of the ledger. `amount` is below zero for what was paid.

    `kind`  `grant` or `charge`; `run` is what was paid for
    """

    at: datetime
    kind: str
    amount: int
    run: str | None
    note: str


class Statement(msgspec.Struct, frozen=True):
    """What a user has, and how it came to be so.

    `balance`   the sum of the ledger; `reserved`: how much of it runs hold that go on
    `entries`   the newest lines of the ledger, the newest first
    """

    balance: int
    reserved: int
    entries: tuple[PointEntry, ...]


class Holding(msgspec.Struct, frozen=True):
    """What one user has; see `Statement`."""

    username: str
    balance: int
    reserved: int


class PointBooks(Protocol):
    """Where balances and their ledgers are kept."""

    async def grant(self, user: str, amount: int, note: str, now: datetime) -> int:
        """Add points, or take some away; returns the balance. Raises `NotFound`."""
        ...

    async def balance(self, user: str) -> int:
        """Points that a user has, those included that running replies have reserved."""
        ...

    async def statement(self, user: str, limit: int) -> Statement:
        """The same, with so many of the newest lines of the ledger: all as of one moment."""
        ...

    async def holdings(self, after: str, limit: int) -> Sequence[Holding]:
        """What users have, by their folded names, beginning after that."""
        ...


class Points:
    """What operators and users see of points. `wall` is epoch seconds."""

    def __init__(self, books: PointBooks, wall: Callable[[], float]) -> None:
        self._books = books
        self._wall = wall

    async def grant(self, user: str, amount: int, note: str) -> int:
        """Add points, or take some away; returns the balance.

        Raises `NotFound`, or `InvalidRequest` for an amount or a note that makes no sense.
        """
        if amount == 0 or abs(amount) > MOST:
            raise InvalidRequest(f"Expected a number of points up to {MOST}", field="amount")
        if len(note) > LONGEST or not note.isprintable():
            raise InvalidRequest(f"Expected a line of up to {LONGEST} characters", field="note")
        now = datetime.fromtimestamp(self._wall(), UTC)
        return await self._books.grant(user, amount, note, now)

    async def balance(self, user: str) -> int:
        """Points that a user has."""
        return await self._books.balance(user)

    async def statement(self, user: str, limit: int = 50) -> Statement:
        """What a user has, and the newest lines of the ledger."""
        return await self._books.statement(user, limit)

    async def holdings(self, after: str, limit: int) -> Sequence[Holding]:
        """What users have, by their folded names, beginning after that."""
        return await self._books.holdings(after, limit)
