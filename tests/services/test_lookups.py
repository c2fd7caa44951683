"""What was found out lately, and what is being found out now."""

import asyncio

import pytest

from sluice.core.errors import Overloaded, SluiceError, StoreUnavailable
from sluice.services.lookups import Lookups, Recent


class Oracle:
    """Answers once it is told to. `most` is how many it was asked at once."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0
        self.most = 0
        self.answer = asyncio.Event()

    async def __call__(self) -> int:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.answer.wait()
        finally:
            self.now -= 1
        return 42


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_want_to_know_the_same_share_one_question() -> None:
    oracle, lookups = Oracle(), Lookups[int]()
    waiting = [asyncio.create_task(lookups.once("q", oracle)) for _ in range(100)]
    await settle()
    waiting[0].cancel()  # whoever asked first may leave
    oracle.answer.set()
    assert await asyncio.gather(*waiting[1:]) == [42] * 99
    assert oracle.asked == 1
    assert await lookups.once("q", oracle) == 42
    assert oracle.asked == 2


async def test_so_many_are_asked_at_once_so_many_wait_and_more_are_refused() -> None:
    oracle, lookups = Oracle(), Lookups[int](at_once=2, in_line=3)
    waiting = [asyncio.create_task(lookups.once(str(n), oracle)) for n in range(6)]
    await settle()
    assert oracle.asked == 2
    assert [type(task.result()) for task in waiting if task.done()] == [Overloaded]
    oracle.answer.set()
    assert await asyncio.gather(*waiting[:5]) == [42] * 5
    assert oracle.most == 2


@pytest.mark.parametrize("problem", [StoreUnavailable(), Overloaded("No.")])
async def test_what_refuses_is_returned(problem: SluiceError) -> None:
    async def refuse() -> int:
        raise problem

    assert await Lookups[int]().once("q", refuse) is problem


async def test_what_takes_too_long_is_given_up() -> None:
    found = await Lookups[int](patience=0.0).once("q", Oracle())
    assert isinstance(found, StoreUnavailable)


def test_a_value_holds_until_its_moment() -> None:
    recent = Recent[str](10)
    recent.put("a", "1", 0.0, until=5.0)
    assert [recent.get("a", now) for now in (0.0, 4.9, 5.0, 4.0)] == ["1", "1", None, None]


def test_a_value_takes_the_place_of_another_and_can_be_dropped() -> None:
    recent = Recent[str](10)
    recent.put("a", "1", 0.0, until=5.0)
    recent.put("a", "2", 0.0, until=9.0)
    assert (recent.get("a", 6.0), recent.drop("a"), recent.drop("a")) == ("2", "2", None)


def test_the_oldest_values_go_first_and_those_that_hold_no_more() -> None:
    recent = Recent[str](2)
    for name in "abc":
        recent.put(name, name, 0.0, until=5.0)
    assert [recent.get(name, 0.0) for name in "abc"] == [None, "b", "c"]
    recent.put("d", "d", 5.0, until=6.0)
    assert len(recent) == 1
    recent.put("e", "e", 6.0, until=6.0)
    assert len(recent) == 0
