"""Messages to one conversation, one after another."""

import asyncio

import pytest

from sluice.core.errors import ConversationBusy
from sluice.services.turns import WAITING, Turns
from tests.core.actors import Speaker, Stage, over

KEY = ("chat", "", "s-1")


async def test_turns_are_taken_in_the_order_of_arrival():
    turns, order = Turns(), list[int]()
    gate = asyncio.Event()

    async def take(number: int) -> None:
        async with turns.of(KEY):
            await gate.wait()
            order.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_another_conversation_does_not_wait():
    turns = Turns()
    async with turns.of(KEY), turns.of(("chat", "", "s-2")):
        pass


async def test_too_many_do_not_wait_and_those_who_leave_make_room():
    turns = Turns()

    async def take() -> None:
        async with turns.of(KEY):
            pass

    async with turns.of(KEY):
        waiting = [asyncio.create_task(take()) for _ in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(ConversationBusy):
            await take()
        waiting[0].cancel()
        await asyncio.wait([waiting[0]])
        last = asyncio.create_task(take())
        await asyncio.sleep(0)
        assert not last.done()
    await asyncio.gather(*waiting[1:], last)


async def test_the_end_of_a_run_is_waited_for():
    stage, turns = Stage(), Turns()
    go = asyncio.Event()
    run = stage.start(Speaker(go))
    waiting = asyncio.create_task(turns.end_of(stage.engine, run.id))
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    await over(run)
    await waiting
