"""What runs reserve and what they take of it, however many ask at once."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import select

from sluice.core.commands import Thread
from sluice.core.errors import NotFound, RateLimited
from sluice.services.archive import Hold
from sluice.stores.sql.database import Database
from sluice.stores.sql.reservations import reserve, settle
from sluice.stores.sql.schema import balances, holds, messages, runs
from tests.stores.rows import NOON, add_user
from tests.stores.telling import Teller

TODAY = "2026-11-21"


def hold(amount: int = 100, ceiling: int = 500) -> Hold:
    return Hold("tokens", TODAY, ceiling, amount)


@pytest.fixture
async def teller(database: Database) -> Teller:
    for user in ("ann", "bob"):
        await database.write(add_user(user))
    return Teller(database)


async def balance(teller: Teller, unit: str = "tokens") -> tuple[int, int]:
    """What is held and what is spent."""
    wanted = select(balances.c.held, balances.c.spent).where(
        balances.c.user_id == "ann", balances.c.unit == unit
    )
    return tuple((await teller.rows(wanted))[0])


async def test_of_twenty_at_once_five_fit(teller: Teller) -> None:
    found = await asyncio.gather(
        *(teller.open(thread=None, hold=hold()) for _ in range(20)), return_exceptions=True
    )
    refused = [one for one in found if isinstance(one, RateLimited)]
    assert len(refused) == 15
    assert [one.retry_after for one in refused] == [12 * 3600.0] * 15
    assert await balance(teller) == (500, 0)
    assert len(await teller.rows(select(runs))) == len(await teller.rows(select(holds))) == 5


async def test_a_run_that_ends_books_what_it_took(teller: Teller) -> None:
    run, opened = await teller.open(hold=hold())
    assert await balance(teller) == (100, 0)
    await teller.close(run, opened.place, "Hello.", tokens=30)
    assert await balance(teller) == (0, 30)
    assert await teller.rows(select(holds)) == []
    await teller.close(run, opened.place, "Hello.", tokens=30)
    assert await balance(teller) == (0, 30)


async def test_what_is_spent_counts_like_what_is_held(teller: Teller) -> None:
    run, _ = await teller.open(thread=None, hold=hold())
    await teller.close(run, None, tokens=450)
    with pytest.raises(RateLimited):
        await teller.open(thread=None, hold=hold(51))
    await teller.open(thread=None, hold=hold(50))
    assert await balance(teller) == (50, 450)


async def test_more_than_the_ceiling_never_fits(teller: Teller) -> None:
    with pytest.raises(RateLimited):
        await teller.open(hold=hold(501))
    for table in (runs, messages, holds, balances):
        assert await teller.rows(select(table)) == []


async def test_each_user_and_each_day_has_a_balance(teller: Teller) -> None:
    await teller.open(thread=None, hold=hold(500))
    await teller.open(thread=None, hold=hold(500), owner="bob")
    await teller.open(thread=None, hold=Hold("tokens", "2026-11-22", 500, 500))


async def test_a_refused_opening_holds_nothing(teller: Teller) -> None:
    with pytest.raises(NotFound):
        await teller.open(thread=Thread("conversations", id="none"), hold=hold())
    assert await teller.rows(select(balances)) == []


async def test_a_run_that_has_ended_before_its_beginning_holds_nothing(teller: Teller) -> None:
    await teller.close("late", None)
    await teller.open(run="late", thread=None, hold=hold())
    assert await teller.rows(select(holds)) == []


async def test_units_are_settled_each_by_itself(teller: Teller) -> None:
    run, _ = await teller.open(thread=None)
    for unit in ("tokens", "points"):
        wanted = Hold(unit, TODAY, 20, 10)
        taken = await teller.database.write(
            partial(reserve, hold=wanted, context=0, run=run, user="ann")
        )
        assert taken
    await teller.database.write(partial(settle, run=run, taken={"points": 4}, now=NOON))
    assert (await balance(teller, "tokens"), await balance(teller, "points")) == ((0, 0), (0, 4))
