"""What is kept of ended runs: for a time, within a budget, the oldest going first."""

import asyncio

import pytest

from sluice.core.errors import Overloaded, RunExpired
from sluice.core.events import Finished, TextDelta
from sluice.core.shelf import Shelf
from tests.core.actors import Speaker, Stage, hear, over, text_of

LONG = "x" * 10_000


def says(text: str) -> Speaker:
    return Speaker((TextDelta(text), Finished("stop")))


async def test_a_run_is_kept_for_its_retention():
    stage = Stage(retention=600)
    early = await stage.play(says("early"))
    stage.clock.now += 400
    late = await stage.play(says("late"))
    stage.clock.now += 300
    stage.engine._expire()  # pyright: ignore[reportPrivateUsage] - its timer is real time's

    assert stage.engine.find(late.id) is late
    with pytest.raises(RunExpired):
        stage.engine.find(early.id)


async def test_without_retention_nothing_is_kept_but_who_follows_reads_to_the_end():
    stage = Stage(retention=0)
    run = stage.start(says("all of it"))
    follower = run.follow()
    await over(run)

    with pytest.raises(RunExpired):
        stage.engine.find(run.id)
    assert text_of(await hear(follower)) == "all of it"
    assert stage.engine.memory == 0


async def test_the_oldest_run_that_has_ended_makes_room():
    stage = Stage(log_memory=35_000)
    runs = [await stage.play(says(LONG)) for _ in range(4)]

    assert [kept(stage, run.id) for run in runs] == [False, False, True, True]
    assert stage.engine.memory <= 35_000


def kept(stage: Stage, id: str) -> bool:
    try:
        stage.engine.find(id)
    except RunExpired:
        return False
    return True


async def test_who_reads_a_run_that_is_given_up_is_told_so():
    stage = Stage(log_memory=25_000)
    run = await stage.play(says(LONG))
    reader = run.follow(1)
    await stage.play(says(LONG))
    await stage.play(says(LONG))

    assert not reader.over
    with pytest.raises(RunExpired):
        await reader.read()
    with pytest.raises(RunExpired):
        run.follow()
    reader.skip()
    assert reader.over


async def test_who_has_read_all_of_a_run_misses_nothing_when_it_goes():
    stage = Stage(log_memory=25_000)
    run = stage.start(says(LONG))
    reader = run.follow()
    while not reader.over:
        await reader.read()
    await stage.play(says(LONG))
    await stage.play(says(LONG))

    assert not kept(stage, run.id)
    assert reader.over


async def test_live_runs_that_fill_the_budget_end_at_their_length_and_no_other_starts():
    stage = Stage(log_memory=30_000)
    held = asyncio.Event()
    first = stage.start(Speaker((TextDelta(LONG * 2),), held, (Finished("stop"),)))
    follower = first.follow()
    while "x" not in text_of(await follower.read()):
        pass
    second = await stage.play(Speaker((TextDelta(LONG * 2),), (TextDelta("never"),)))

    assert isinstance(second.ending, Finished)
    assert second.ending.reason == "length"
    third = stage.start(Speaker((TextDelta(LONG),), asyncio.Event()))
    await over(third)
    assert first.ending is None
    held.set()
    await hear(follower)


async def test_a_budget_full_of_live_logs_refuses_new_runs():
    stage = Stage(log_memory=300)  # less than three `Started` take
    runs = [stage.start(Speaker(asyncio.Event())) for _ in range(3)]

    with pytest.raises(Overloaded) as refused:
        stage.start(Speaker())
    assert refused.value.retry_after
    await asyncio.gather(*map(stage.engine.cancel, runs))


async def test_no_more_runs_than_allowed_go_on_at_once():
    stage = Stage(max_runs=2)
    runs = [stage.start(Speaker(asyncio.Event())) for _ in range(2)]
    with pytest.raises(Overloaded) as refused:
        stage.start(Speaker())
    assert refused.value.retry_after
    await stage.engine.cancel(runs[0])
    await stage.play(Speaker())
    await stage.engine.cancel(runs[1])


async def test_ten_thousand_runs_leave_the_books_balanced():
    stage = Stage(retention=0)
    for _ in range(100):
        await asyncio.gather(*[stage.play(says("word")) for _ in range(100)])

    assert (stage.engine.live, stage.engine.memory) == (0, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_an_empty_shelf_has_nothing_to_expire():
    assert Shelf(600, 1000).expire(5.0) is None
