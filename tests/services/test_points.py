"""What replies cost, and which grants make sense."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from sluice.core.errors import InvalidRequest
from sluice.services.points import Holding, Points, Statement, Tariff, Where

PRICES = [(0, 0), (1, 1), (29, 1), (30, 1), (31, 2), (150, 5), (151, 6)]


@pytest.mark.parametrize(("tokens", "price"), PRICES)
def test_a_part_of_a_point_is_a_whole_one(tokens: int, price: int):
    assert Tariff().price(tokens) == price


def test_what_a_point_pays_for_is_a_setting():
    assert Tariff(per_point=1).price(150) == 150


CHARGED: list[tuple[Where, str, str | None, bool]] = [
    ("interactions", "interactions", "ann", True),
    ("interactions", "chat", "ann", False),
    ("interactions", "interactions", None, False),
    ("all", "chat", "ann", True),
    ("all", "chat", None, False),
    ("off", "interactions", "ann", False),
]


@pytest.mark.parametrize(("where", "dialect", "owner", "charged"), CHARGED)
def test_some_pay_in_some_dialects(where: Where, dialect: str, owner: str | None, charged: bool):
    assert Tariff(where).charges(dialect, owner) is charged


@pytest.mark.parametrize(("tokens", "context", "held"), [(150, 0, 5), (150, 1, 6), (500, 400, 30)])
def test_what_a_run_is_reminded_of_is_reserved_too(tokens: int, context: int, held: int):
    assert Tariff().hold(tokens).amount(context) == held


class Book:
    """A ledger that says what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int, str, datetime]] = []

    async def grant(self, user: str, amount: int, note: str, now: datetime) -> int:
        self.lines.append((user, amount, note, now))
        return amount

    async def balance(self, user: str) -> int:
        return 0

    async def statement(self, user: str, limit: int) -> Statement:
        return Statement(0, 0, ())

    async def holdings(self, after: str, limit: int) -> Sequence[Holding]:
        return ()


@pytest.mark.parametrize("amount", [1, -1, 10**9, -(10**9)])
async def test_points_are_given_and_taken_away(amount: int):
    book = Book()
    assert await Points(book, lambda: 0.0).grant("ann", amount, "why") == amount
    assert book.lines == [("ann", amount, "why", datetime(1970, 1, 1, tzinfo=UTC))]


WRONG = [
    (0, "", "amount"),
    (10**9 + 1, "", "amount"),
    (-(10**9) - 1, "", "amount"),
    (1, "x" * 201, "note"),
    (1, "a\nb", "note"),
    (1, "\0", "note"),
    (1, "\ud800", "note"),
]


@pytest.mark.parametrize(("amount", "note", "field"), WRONG)
async def test_a_grant_that_makes_no_sense_is_refused(amount: int, note: str, field: str):
    book = Book()
    with pytest.raises(InvalidRequest) as refused:
        await Points(book, lambda: 0.0).grant("ann", amount, note)
    assert (refused.value.field, book.lines) == (field, [])
