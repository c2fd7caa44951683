"""Runs from start to end: every way in which one can end, and who hears of it."""

import asyncio
import logging

import pytest

from sluice.core.errors import InvalidRequest, ProviderAuth, RunExpired
from sluice.core.events import Failed, Finished, ReasoningDelta, Started, TextDelta, Usage
from tests.core.actors import HELLO, Speaker, Stage, hear, over, text_of

SECRET = "what somebody said"


async def test_a_run_says_that_it_started_before_its_provider_is_asked():
    stage, speaker = Stage(), Speaker()
    run = stage.start(speaker)

    assert list(run.log.read(0)) == [Started("fake/model", 5.0)]
    assert speaker.open == 0
    await over(run)


async def test_an_end_comes_with_its_receipt():
    stage = Stage()
    run = stage.start(Speaker())
    *_, last = await hear(run.follow())

    assert isinstance(last, Finished)
    assert last.receipt is not None
    assert (last.reason, last.receipt.text_length, last.receipt.cost) == ("stop", 5, 0.5)
    assert run.ending is last


async def test_nobody_hears_of_an_end_before_the_accounts_are_settled():
    stage = Stage()
    stage.accounts.gate = asyncio.Event()
    run = stage.start(Speaker())
    follower = run.follow()
    await stage.accounts.busy.wait()

    assert text_of(await follower.read()) == "Hello"
    assert run.ending is None
    assert not follower.over
    stage.accounts.gate.set()
    assert isinstance((await hear(follower))[-1], Finished)


@pytest.mark.parametrize("after", range(7))
async def test_a_follower_hears_what_comes_after_its_position_live_and_ended(after: int):
    pause = asyncio.Event()
    lines = [(TextDelta("a"),), (ReasoningDelta("b"), TextDelta("c")), pause, (TextDelta("d"),)]
    stage = Stage()
    run = stage.start(Speaker(*lines, (Finished("stop"),)))
    whole = run.follow()
    early = run.follow(min(after, 1))
    pause.set()
    everything = await hear(whole)
    late = await hear(run.follow(min(after, len(everything))))

    assert len(everything) == 6
    assert await hear(early) == everything[min(after, 1) :]
    assert late == everything[after:]


async def test_a_position_that_was_never_reached_is_refused():
    run = await Stage().play(Speaker())
    for after in (-1, len(run.log) + 1):
        with pytest.raises(InvalidRequest) as refused:
            run.follow(after)
        assert refused.value.field == "last_event_id"


async def test_a_slow_follower_holds_nobody_up():
    stage = Stage()
    run = stage.start(Speaker(*[(TextDelta("x"),)] * 1000, (Finished("stop"),)))
    slow, quick = run.follow(), run.follow()

    assert text_of(await hear(quick)) == "x" * 1000
    assert run.ending is not None
    assert slow.position == 0
    assert text_of(await hear(slow)) == "x" * 1000


async def test_one_wait_is_ended_by_all_that_came_meanwhile():
    stage, go = Stage(), asyncio.Event()
    batch = tuple(TextDelta(str(number)) for number in range(5))
    run = stage.start(Speaker(go, batch, (Finished("stop"),)))
    follower = run.follow(1)
    reading = asyncio.create_task(follower.read())
    await asyncio.sleep(0)
    go.set()

    assert list(await reading)[:5] == list(batch)
    await hear(follower)


async def test_a_nudge_ends_a_wait_with_nothing():
    stage = Stage()
    run = stage.start(Speaker(asyncio.Event()))
    follower = run.follow(1)
    reading = asyncio.create_task(follower.read())
    await asyncio.sleep(0)
    follower.nudge()

    assert list(await reading) == []
    assert not follower.over
    await stage.engine.cancel(run)
    follower.close()


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([(TextDelta("half"),)], "provider_unavailable"),  # it fell silent
        ([(TextDelta("half"),), ProviderAuth()], "provider_auth"),
        ([ProviderAuth()], "provider_auth"),
        ([(TextDelta("half"),), RuntimeError(SECRET)], "internal"),
        ([(TextDelta("half"),), (Started("again", 0.0),)], "internal"),  # nonsense of ours
    ],
    ids=["silence", "error", "error before the first token", "bug", "grammar"],
)
async def test_every_bad_end_is_a_failure_that_is_settled_once(lines: list[object], code: str):
    stage = Stage()
    speaker = Speaker(*lines)  # type: ignore[arg-type]
    run = await stage.play(speaker)

    assert isinstance(run.ending, Failed)
    assert run.ending.code == code
    assert run.ending.receipt is not None
    assert [(id, ending.code) for id, _, ending in stage.accounts.settled] == [(run.id, code)]  # type: ignore[union-attr]
    assert speaker.open == 0


async def test_a_bug_shows_its_place_but_never_its_text(caplog: pytest.LogCaptureFixture):
    run = await Stage().play(Speaker((TextDelta(SECRET),), RuntimeError(SECRET)))

    assert isinstance(run.ending, Failed)
    assert SECRET not in run.ending.message
    assert SECRET not in caplog.text
    assert "RuntimeError" in caplog.text
    assert "actors.py" in caplog.text


async def test_broken_accounts_still_let_everybody_hear_an_end(caplog: pytest.LogCaptureFixture):
    stage = Stage()
    stage.accounts.broken = ValueError(SECRET)
    run = stage.start(Speaker())
    heard = await hear(run.follow())
    await over(run)
    await asyncio.sleep(0)

    assert text_of(heard) == "Hello"
    assert isinstance(heard[-1], Failed)
    assert heard[-1].code == "internal"
    assert stage.engine.live == 0
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text


async def test_a_run_that_says_too_much_ends_at_its_length():
    stage = Stage(run_memory=2000)
    speaker = Speaker(*[(TextDelta("x" * 100),)] * 100)
    run = await stage.play(speaker)

    assert isinstance(run.ending, Finished)
    assert run.ending.reason == "length"
    assert 0 < len(run.text) < 2000
    assert speaker.open == 0


async def test_a_run_that_takes_too_long_fails_with_what_it_has():
    stage = Stage(timeout=0.01)
    speaker = Speaker((TextDelta("half"),), asyncio.Event())
    run = await stage.play(speaker)

    assert isinstance(run.ending, Failed)
    assert run.ending.code == "provider_timeout"
    assert stage.accounts.settled[0][1] == "half"
    assert speaker.open == 0


async def test_what_has_ended_holds_no_prompt_and_no_task():
    run = await Stage().play(Speaker())
    others = asyncio.all_tasks() - {asyncio.current_task()}

    assert run.prompt.messages == ()
    assert others == set()


async def test_times_are_seconds_since_the_start():
    stage, first, last = Stage(), asyncio.Event(), asyncio.Event()
    speaker = Speaker((Usage(1, 0),), first, (TextDelta("a"),), last, (Finished("stop"),))
    run = stage.start(speaker)
    await speaker.waiting.wait()
    follower = run.follow(2)
    stage.clock.now += 2.0
    first.set()
    await follower.read()
    stage.clock.now += 3.0
    assert run.duration == 5.0
    last.set()
    await hear(follower)
    stage.clock.now += 100.0

    assert (run.first_token, run.duration) == (2.0, 5.0)


async def test_an_unknown_run_has_expired():
    with pytest.raises(RunExpired):
        Stage().engine.find("nobody's")


async def test_a_run_is_found_while_it_goes_on_and_afterwards():
    stage = Stage()
    run = stage.start(Speaker(*HELLO))
    assert stage.engine.find(run.id) is run
    await over(run)
    assert stage.engine.find(run.id) is run
