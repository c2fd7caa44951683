"""One run for all requests with the same key."""

import asyncio

import pytest

from sluice.core.commands import Once
from sluice.core.errors import IdempotencyMismatch
from sluice.services.repeats import MOST, Repeats

ONCE = Once("key-1", "print-1")


async def begin(repeats: Repeats, run: str, caller: str = "me", once: Once = ONCE) -> None:
    assert await repeats.join(caller, once) is None
    with repeats.first(caller, once) as repeat:
        repeat.run.set_result(run)


async def test_the_same_request_joins_the_run_of_the_first():
    repeats = Repeats()
    await begin(repeats, "run-1")
    assert await repeats.join("me", ONCE) == "run-1"


async def test_another_caller_with_the_same_key_is_another_request():
    repeats = Repeats()
    await begin(repeats, "run-1")
    assert await repeats.join("you", ONCE) is None


async def test_the_same_key_with_another_request_is_refused():
    repeats = Repeats()
    await begin(repeats, "run-1")
    with pytest.raises(IdempotencyMismatch):
        await repeats.join("me", Once("key-1", "print-2"))


async def test_who_comes_while_it_begins_waits_for_it():
    repeats = Repeats()
    with repeats.first("me", ONCE) as repeat:
        joining = [asyncio.create_task(repeats.join("me", ONCE)) for _ in range(3)]
        await asyncio.sleep(0)
        repeat.run.set_result("run-1")
    assert await asyncio.gather(*joining) == ["run-1"] * 3


async def test_what_could_not_begin_leaves_the_key_to_the_next():
    repeats = Repeats()
    with repeats.first("me", ONCE):
        joining = asyncio.create_task(repeats.join("me", ONCE))
        await asyncio.sleep(0)
    assert await joining is None
    await begin(repeats, "run-2")
    assert await repeats.join("me", ONCE) == "run-2"


async def test_a_joiner_that_leaves_does_not_disturb_the_others():
    repeats = Repeats()
    with repeats.first("me", ONCE) as repeat:
        leaver, stayer = (asyncio.create_task(repeats.join("me", ONCE)) for _ in range(2))
        await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.sleep(0)
        repeat.run.set_result("run-1")
    assert await stayer == "run-1"


async def test_the_oldest_keys_are_forgotten_beyond_the_bound():
    repeats = Repeats()
    for number in range(MOST + 1):
        await begin(repeats, f"run-{number}", once=Once(f"key-{number}", "print"))
    assert await repeats.join("me", Once("key-0", "print")) is None
    assert await repeats.join("me", Once("key-1", "print")) == "run-1"
