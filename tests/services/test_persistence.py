"""Ends of runs that come while the store is out of reach."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sluice.core.errors import Conflict, SluiceError, StoreUnavailable
from sluice.services.persistence import FIRST, LONGEST, MOST, PATIENCE, Persistence


class Store:
    """A store that comes and goes."""

    def __init__(self) -> None:
        self.away = True
        self.tried = 0
        self.written: list[str] = []

    async def write(self, word: str) -> None:
        self.tried += 1
        if self.away:
            raise StoreUnavailable
        self.written.append(word)

    async def break_down(self) -> None:
        self.tried += 1
        raise StoreUnavailable if self.away else ZeroDivisionError

    async def object(self) -> None:
        self.tried += 1
        raise StoreUnavailable if self.away else Conflict


class Time:
    """A clock, and pauses that end when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._next = asyncio.Event()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self._next.wait()
        self._next.clear()
        self.now += seconds

    async def passes(self, times: int = 1) -> None:
        for _ in range(times):
            self._next.set()
            for _ in range(6):
                await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def persistence(time: Time) -> AsyncIterator[Persistence]:
    found = Persistence(time, time.sleep)
    yield found
    await time.passes(2)
    await found.close()


@pytest.fixture
def store() -> Store:
    return Store()


async def test_what_can_be_stored_is_stored_at_once(persistence: Persistence, store: Store):
    store.away = False
    await persistence.store(lambda: store.write("a"), wait=True)
    assert (store.written, store.tried, len(persistence)) == (["a"], 1, 0)


async def test_who_waits_hears_of_it_once_the_store_is_back(
    persistence: Persistence, store: Store, time: Time
):
    waiting = asyncio.create_task(persistence.store(lambda: store.write("a"), wait=True))
    await time.passes(3)
    assert not waiting.done()
    store.away = False
    await time.passes()
    await waiting
    assert store.written == ["a"]


async def test_pauses_grow_up_to_a_bound(persistence: Persistence, store: Store, time: Time):
    await persistence.store(lambda: store.write("a"), wait=False)
    await time.passes(8)
    assert time.pauses[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert time.pauses[-1] == LONGEST
    store.away = False


async def test_only_one_is_tried_while_the_store_is_away_and_all_keep_their_order(
    persistence: Persistence, store: Store, time: Time
):
    for word in "abc":
        await persistence.store(lambda word=word: store.write(word), wait=False)
    assert (store.tried, len(persistence)) == (1, 3)
    await time.passes()
    assert store.tried == 2
    store.away = False
    await time.passes()
    assert (store.written, len(persistence)) == (["a", "b", "c"], 0)


async def test_who_has_waited_for_too_long_is_told_and_it_is_stored_all_the_same(
    persistence: Persistence, store: Store, time: Time
):
    await persistence.store(lambda: store.write("a"), wait=False)
    time.now += PATIENCE
    with pytest.raises(StoreUnavailable):
        await persistence.store(lambda: store.write("b"), wait=True)
    store.away = False
    await time.passes()
    assert store.written == ["a", "b"]


async def test_what_cannot_be_stored_stops_nothing_behind_it(
    persistence: Persistence, store: Store, time: Time
):
    first = asyncio.create_task(persistence.store(store.object, wait=True))
    second = asyncio.create_task(persistence.store(store.break_down, wait=True))
    third = asyncio.create_task(persistence.store(lambda: store.write("c"), wait=True))
    await asyncio.sleep(0)
    store.away = False
    await time.passes(2)
    found = await asyncio.gather(first, second, third, return_exceptions=True)
    assert [type(one) for one in found] == [Conflict, SluiceError, type(None)]


async def test_so_many_are_kept_and_no_more(persistence: Persistence, store: Store):
    for _ in range(MOST):
        await persistence.store(lambda: store.write("a"), wait=False)
    with pytest.raises(StoreUnavailable):
        await persistence.store(lambda: store.write("b"), wait=False)
    store.away = False
