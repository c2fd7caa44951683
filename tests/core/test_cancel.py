"""Stopping runs: in every phase, by whoever leaves, and when the server goes down."""

import asyncio

import pytest

from sluice.core.errors import Overloaded
from sluice.core.events import Failed, Finished, TextDelta
from sluice.core.runs import Run
from tests.core.actors import PROMPT, Speaker, Stage, hear, over, text_of


async def settled(turns: int = 10) -> None:
    """Let everything happen that can happen now."""
    for _ in range(turns):
        await asyncio.sleep(0)


def cancelled(run: Run) -> bool:
    return isinstance(run.ending, Finished) and run.ending.reason == "cancelled"


async def test_a_run_that_has_not_taken_its_first_step_can_be_cancelled():
    stage, speaker = Stage(), Speaker()
    run = stage.start(speaker)
    follower = run.follow()
    await stage.engine.cancel(run)

    assert cancelled(run)
    assert isinstance((await hear(follower))[-1], Finished)
    assert (speaker.open, run.attempts) == (0, [])


@pytest.mark.parametrize("said", ["", "half an ans"], ids=["connecting", "between tokens"])
async def test_a_cancel_closes_the_provider_at_once_and_keeps_what_was_said(said: str):
    stage = Stage()
    lines = [(TextDelta(said),)] if said else []
    speaker = Speaker(*lines, asyncio.Event())
    run = stage.start(speaker)
    follower = run.follow()
    await speaker.waiting.wait()
    ending = await stage.engine.cancel(run)

    assert cancelled(run)
    assert ending is run.ending
    assert text_of(await hear(follower)) == said
    assert stage.accounts.settled[0][1] == said
    assert ending.receipt is not None
    assert speaker.open == 0


async def test_a_cancel_while_settling_changes_nothing():
    stage = Stage()
    stage.accounts.gate = asyncio.Event()
    run = stage.start(Speaker())
    follower = run.follow()
    await stage.accounts.busy.wait()
    stopping = asyncio.create_task(stage.engine.cancel(run))
    await settled()
    assert not stopping.done()
    stage.accounts.gate.set()
    ending = await stopping

    assert isinstance(ending, Finished)
    assert ending.reason == "stop"
    assert len(stage.accounts.settled) == 1
    follower.close()


async def test_a_second_cancel_waits_for_the_first_and_hears_the_same():
    stage = Stage()
    stage.accounts.gate = asyncio.Event()
    speaker = Speaker(asyncio.Event())
    run = stage.start(speaker)
    await speaker.waiting.wait()
    first = asyncio.create_task(stage.engine.cancel(run))
    await stage.accounts.busy.wait()
    second = asyncio.create_task(stage.engine.cancel(run))
    await settled()
    stage.accounts.gate.set()

    assert await first is await second is await stage.engine.cancel(run) is run.ending
    assert len(stage.accounts.settled) == 1


async def test_a_run_without_followers_gets_its_grace_and_is_then_cancelled():
    stage = Stage(grace=0.02)
    speaker = Speaker((TextDelta("a"),), asyncio.Event())
    run = stage.start(speaker)
    run.follow().close()
    await speaker.waiting.wait()
    assert run.stopping is None
    await over(run)

    assert cancelled(run)
    assert speaker.open == 0


async def test_somebody_who_comes_back_within_the_grace_keeps_the_run_alive():
    stage, go = Stage(grace=0.02), asyncio.Event()
    run = stage.start(Speaker((TextDelta("a"),), go, (TextDelta("b"), Finished("stop"))))
    run.follow().close()
    follower = run.follow()
    await asyncio.sleep(0.05)  # longer than the grace
    assert run.stopping is None
    go.set()

    assert text_of(await hear(follower)) == "ab"


async def test_without_grace_the_last_to_leave_stops_the_run_at_once():
    stage = Stage(grace=0.0)
    speaker = Speaker(asyncio.Event())
    run = stage.start(speaker)
    one, other = run.follow(), run.follow()
    await speaker.waiting.wait()
    one.close()
    await settled()
    assert speaker.open == 1
    other.close()
    await over(run)

    assert cancelled(run)


async def test_leaving_at_once_gives_no_grace():
    stage = Stage(grace=60.0)
    run = stage.start(Speaker(asyncio.Event()))
    run.follow().close(at_once=True)
    await over(run)

    assert cancelled(run)


async def test_closing_twice_is_closing_once():
    stage = Stage(grace=0.0)
    run = stage.start(Speaker(asyncio.Event()))
    one, other = run.follow(), run.follow()
    one.close()
    one.close()
    await settled()

    assert (run.followers, run.stopping) == (1, None)
    other.close()
    await over(run)


async def test_a_run_that_nobody_ever_follows_ends_after_its_grace():
    stage = Stage(grace=0.02)
    run = stage.start(Speaker(asyncio.Event()))
    other = stage.start(Speaker(asyncio.Event()), background=True)
    await over(run)

    assert cancelled(run)
    assert other.stopping is None
    await stage.engine.cancel(other)


async def test_a_run_in_the_background_goes_on_whatever_its_followers_do():
    stage, go = Stage(grace=0.0), asyncio.Event()
    run = stage.start(Speaker(go, (TextDelta("all"), Finished("stop"))), background=True)
    run.follow().close(at_once=True)
    await settled()
    go.set()
    await over(run)

    assert isinstance(run.ending, Finished)
    assert (run.text, run.ending.reason) == ("all", "stop")


async def test_a_draining_server_waits_for_its_runs_and_takes_no_others():
    stage, go = Stage(), asyncio.Event()
    run = stage.start(Speaker(go, (TextDelta("all"), Finished("stop"))))
    run.follow()
    draining = asyncio.create_task(stage.engine.drain(60.0))
    await settled()

    with pytest.raises(Overloaded) as refused:
        stage.start(Speaker())
    assert refused.value.retry_after
    go.set()
    await draining
    assert isinstance(run.ending, Finished)
    assert run.ending.reason == "stop"


async def test_a_part_of_a_run_is_let_in_while_draining():
    stage = Stage()
    stage.engine.draining = True
    with stage.engine.admit(part=True) as id:
        run = stage.engine.start(id, Speaker(), PROMPT, model="fake/model", dialect="part")
    await over(run)
    assert isinstance(run.ending, Finished)


async def test_what_does_not_end_in_time_is_interrupted_with_what_it_has():
    stage = Stage()
    speaker = Speaker((TextDelta("half"),), asyncio.Event())
    run = stage.start(speaker)
    follower = run.follow()
    await speaker.waiting.wait()
    await stage.engine.drain(0.01)
    heard = await hear(follower)

    assert text_of(heard) == "half"
    assert isinstance(heard[-1], Failed)
    assert heard[-1].code == "interrupted"
    assert heard[-1].receipt is not None
    assert (speaker.open, stage.engine.live) == (0, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_idle_server_drains_at_once():
    await Stage().engine.drain(60.0)
