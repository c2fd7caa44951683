"""Balances and their ledgers, however many ask at once."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from sluice.core.errors import InsufficientPoints, NotFound
from sluice.services.archive import Opened, Piece
from sluice.services.points import Holding, PointEntry, Statement, Tariff
from sluice.stores.sql.database import Database
from sluice.stores.sql.points import SqlPoints
from sluice.stores.sql.recovery import Recovery
from sluice.stores.sql.schema import holds, point_entries, runs
from tests.stores.rows import NOON, add_user
from tests.stores.telling import Teller
from tests.stores.test_recovery import Flat, Words

TARIFF = Tariff()
ESTIMATE = 5  # points: what 150 tokens cost
HOLD = TARIFF.hold(150)
FEW = 10  # runs that the balance is for


class Purse:
    """Ann's points, and runs that cost some."""

    def __init__(self, database: Database) -> None:
        self.teller = Teller(database)
        self.points = SqlPoints(database)

    async def grant(self, amount: int, user: str = "ann", note: str = "") -> int:
        return await self.points.grant(user, amount, note, NOON)

    async def open(self) -> tuple[str, Opened]:
        return await self.teller.open(thread=None, hold=HOLD)

    async def close(self, run: str, points: int, ending: str = "stop") -> None:
        await self.teller.close(run, None, points=points, ending=ending)

    async def standing(self) -> tuple[int, int]:
        """The balance and what is reserved of it; the balance is the ledger's sum."""
        found = await self.points.statement("ann", 50)
        total = select(func.sum(point_entries.c.amount)).where(point_entries.c.user_id == "ann")
        ((summed,),) = await self.teller.rows(total)
        assert found.balance == summed
        return found.balance, found.reserved

    async def charged(self) -> Sequence[tuple[str, int]]:
        """What stands in the ledger, by run."""
        table = point_entries.c
        wanted = select(table.run_id, table.amount).where(table.kind == "charge")
        return [tuple(row) for row in await self.teller.rows(wanted.order_by(table.seq))]


@pytest.fixture
async def purse(database: Database) -> Purse:
    for user in ("ann", "bob"):
        await database.write(add_user(user))
    return Purse(database)


async def rush(purse: Purse) -> list[str]:
    """A hundred requests at once on a balance for ten; the runs that begin."""
    await purse.grant(FEW * ESTIMATE + ESTIMATE - 1)
    found = await asyncio.gather(*(purse.open() for _ in range(100)), return_exceptions=True)
    begun = [one[0] for one in found if isinstance(one, tuple)]
    refused = [one for one in found if isinstance(one, InsufficientPoints)]
    assert (len(begun), len(refused)) == (FEW, 90)
    return begun


async def test_of_a_hundred_at_once_ten_begin_and_what_they_take_is_charged(purse: Purse) -> None:
    begun = await rush(purse)
    assert await purse.standing() == (54, 50)

    await asyncio.gather(*(purse.close(run, ESTIMATE) for run in begun))

    assert await purse.standing() == (4, 0)
    with pytest.raises(InsufficientPoints):
        await purse.open()


async def test_they_overspend_by_no_more_than_each_its_own_excess(purse: Purse) -> None:
    begun = await rush(purse)
    costs = {run: ESTIMATE + at for at, run in enumerate(begun)}

    await asyncio.gather(*(purse.close(run, cost) for run, cost in costs.items()))

    excess = sum(cost - ESTIMATE for cost in costs.values())
    assert await purse.standing() == (4 - excess, 0)
    assert dict(await purse.charged()) == {run: -cost for run, cost in costs.items()}
    with pytest.raises(InsufficientPoints):
        await purse.open()


async def test_hundreds_beginning_and_ending_at_once_never_lose_a_point(purse: Purse) -> None:
    await purse.grant(1000)

    async def whole() -> None:
        run, _ = await purse.open()
        await purse.close(run, ESTIMATE)

    await asyncio.gather(*(whole() for _ in range(100)))

    assert await purse.standing() == (500, 0)
    assert len(set(await purse.charged())) == 100


ENDINGS = [("stop", 5, 95), ("length", 5, 95), ("cancelled", 2, 98), ("provider_timeout", 0, 100)]


@pytest.mark.parametrize(("ending", "cost", "left"), ENDINGS)
async def test_a_run_gives_back_what_it_did_not_take(
    purse: Purse, ending: str, cost: int, left: int
) -> None:
    await purse.grant(100)
    run, _ = await purse.open()
    assert await purse.standing() == (100, 5)

    for _ in range(2):  # told twice, it is charged once
        await purse.close(run, cost, ending)

    assert await purse.standing() == (left, 0)
    assert await purse.charged() == ([(run, -cost)] if cost else [])
    assert (await purse.teller.rows(select(runs.c.points)))[0][0] == cost


async def test_what_a_crash_has_cut_off_is_charged_as_far_as_it_came(purse: Purse) -> None:
    await purse.grant(100)
    run, _ = await purse.open()
    await purse.teller.archive.checkpoint([Piece(run, "", 400)])
    recovery = Recovery(purse.teller.database, Words(), Flat(), TARIFF)
    for _ in range(2):
        await recovery.at_start("here", NOON, 900.0)

    ((cost,),) = await purse.teller.rows(select(runs.c.points))
    assert await purse.standing() == (100 - cost, 0)
    assert await purse.charged() == [(run, -cost)]
    assert cost == 4  # 100 tokens that were said, and 6 that were asked


async def test_without_a_grant_there_is_nothing(purse: Purse) -> None:
    with pytest.raises(InsufficientPoints):
        await purse.open()
    assert await purse.points.statement("ann", 50) == Statement(0, 0, ())
    for table in (runs, holds):
        assert await purse.teller.rows(select(table)) == []


async def test_the_ledger_shows_the_newest_lines_first(purse: Purse) -> None:
    await purse.grant(100, note="for a start")
    run, _ = await purse.open()
    await purse.close(run, 5)
    assert await purse.grant(-20) == 75

    found = await purse.points.statement("ann", 2)

    assert found == Statement(
        75,
        0,
        (
            PointEntry(NOON, "grant", -20, None, ""),
            PointEntry(NOON, "charge", -5, run, ""),
        ),
    )


async def test_each_user_has_a_ledger(purse: Purse) -> None:
    await purse.grant(100)
    await purse.grant(7, user="bob")
    await purse.open()

    assert await purse.points.holdings("", 10) == [Holding("ann", 100, 5), Holding("bob", 7, 0)]
    assert await purse.points.holdings("ann", 10) == [Holding("bob", 7, 0)]
    assert await purse.points.holdings("", 1) == [Holding("ann", 100, 5)]
    assert await purse.points.balance("bob") == 7


async def test_nobody_is_given_nothing(purse: Purse) -> None:
    with pytest.raises(NotFound):
        await purse.grant(1, user="eve")


async def test_who_has_no_points_is_listed_too(purse: Purse) -> None:
    assert await purse.points.holdings("", 10) == [Holding("ann", 0, 0), Holding("bob", 0, 0)]
