"""Who is asked, how often, and what is left behind: the chain's rules, row by row."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from speakers import HELLO, PROMPT, Clock, Notes, Says, candidate, conduct

from sluice.core import errors
from sluice.core.errors import InvalidRequest, ProviderError, ProviderUnavailable, SluiceError
from sluice.core.events import (
    Attempt,
    Event,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    Usage,
)
from sluice.core.messages import Image, Message, Prompt
from sluice.core.ports import Enough, Provider
from sluice.providers.chain import Chain
from sluice.providers.conduct import Nobody
from sluice.providers.rules import RULES, rule

DOWN = ProviderUnavailable()


async def hear(chain: Provider, attempts: list[Attempt] | None = None) -> list[Event]:
    said: list[Event] = []
    await chain.generate(PROMPT, [] if attempts is None else attempts, said.extend)
    return said


def outcomes(attempts: Sequence[Attempt]) -> list[tuple[str, str]]:
    return [(attempt.model, attempt.outcome) for attempt in attempts]


# a takes 100 tokens, b 50, c 200; a fails as the row says, whenever it is asked.
ROWS: list[tuple[ProviderError, str]] = [
    (errors.ProviderUnavailable(), "a a a b"),
    (errors.ProviderBadResponse(), "a a a b"),
    (errors.ProviderRateLimited(), "a a a b"),
    (errors.ProviderRateLimited(retry_after=2), "a a a b"),
    (errors.ProviderRateLimited(retry_after=9), "a b"),
    (errors.ProviderUnavailable(retry_after=3600), "a b"),
    (errors.ProviderTimeout(), "a b"),
    (errors.ProviderAuth(), "a b"),
    (errors.ProviderNotConfigured(), "a b"),
    (errors.ProviderModelNotFound(), "a b"),
    (errors.ContextTooLong(), "a c"),
    (errors.ContentFiltered(), "a"),
    (errors.ProviderRefused(), "a"),
    (errors.ProviderError(), "a"),
]


@pytest.mark.parametrize(("error", "asked"), ROWS, ids=lambda cell: str(cell)[:40])
async def test_a_failure_leads_where_its_row_says(error: ProviderError, asked: str) -> None:
    chain = Chain(
        [
            candidate("p/a", Says([error])),
            candidate("p/b", Says(), 50),
            candidate("p/c", Says(), 200),
        ],
        conduct(Clock()),
    )
    attempts: list[Attempt] = []
    if asked == "a":
        with pytest.raises(type(error)) as caught:
            await hear(chain, attempts)
        assert caught.value is error
    else:
        assert await hear(chain, attempts) == [event for batch in HELLO for event in batch]
    words = asked.split()
    ends = [error.code] * words.count("a") + ["ok"] * (words[-1] != "a")
    assert outcomes(attempts) == [(f"p/{w}", end) for w, end in zip(words, ends, strict=True)]


def test_every_provider_error_has_a_rule() -> None:
    kinds = [ProviderError, *ProviderError.__subclasses__()]
    assert set(kinds) == set(RULES)

    class Odd(errors.ProviderTimeout):
        """One that a table cannot know."""

    assert rule(Odd()) is RULES[errors.ProviderTimeout]


async def test_a_repetition_may_succeed() -> None:
    source, clock, notes = Says([DOWN], [DOWN], HELLO), Clock(), Notes()
    chain = Chain([candidate("p/a", source), candidate("p/b", Says())], conduct(clock, notes))
    attempts: list[Attempt] = []
    await hear(chain, attempts)
    assert [attempt.outcome for attempt in attempts] == [DOWN.code, DOWN.code, "ok"]
    assert clock.slept == [0.5, 1.0]
    assert notes.said == [
        ("failed", "p/a", DOWN.code),
        ("repeated", "p/a", "0.5"),
        ("failed", "p/a", DOWN.code),
        ("repeated", "p/a", "1"),
    ]


async def test_where_nobody_is_left_the_last_ones_error_is_the_runs() -> None:
    auth = errors.ProviderAuth()
    chain = Chain(
        [candidate("p/a", Says([DOWN])), candidate("p/b", Says([auth]))], conduct(Clock())
    )
    with pytest.raises(errors.ProviderAuth) as caught:
        await hear(chain)
    assert caught.value is auth


async def test_too_long_a_context_goes_to_nobody_where_no_window_is_larger() -> None:
    source = Says()
    chain = Chain(
        [candidate("p/a", Says([errors.ContextTooLong()])), candidate("p/b", source, 100)],
        conduct(Clock()),
    )
    with pytest.raises(errors.ContextTooLong):
        await hear(chain)
    assert source.asked == []


async def test_all_waits_of_a_run_stay_within_its_budget() -> None:
    clock = Clock()
    chain = Chain(
        [candidate("p/a", Says([DOWN])), candidate("p/b", Says([DOWN]))],
        conduct(clock, retries=9, base=4.0, cap=4.0, budget=10.0),
    )
    with pytest.raises(ProviderUnavailable):
        await hear(chain)
    assert clock.slept == [4.0, 4.0, 0.0]


@pytest.mark.parametrize(
    "token", [TextDelta("t"), ReasoningDelta("r"), ToolCall("1", "f", "{}")], ids=repr
)
@pytest.mark.parametrize("error", [DOWN, errors.ProviderTimeout(), errors.ProviderAuth()], ids=repr)
async def test_after_the_first_token_nobody_else_is_asked(
    token: Event, error: ProviderError
) -> None:
    other, attempts = Says(), list[Attempt]()
    source = Says([(Usage(1, 0),), (token,), (Usage(1, 1),), error])
    chain = Chain([candidate("p/a", source), candidate("p/b", other)], conduct(Clock()))
    with pytest.raises(type(error)):
        await hear(chain, attempts)
    assert outcomes(attempts) == [("p/a", error.code)]
    assert other.asked == []


async def test_a_report_of_tokens_is_no_token_and_each_attempt_keeps_its_own() -> None:
    chain = Chain(
        [
            candidate("p/a", Says([(Usage(7, 0),), errors.ProviderTimeout()])),
            candidate("p/b", Says()),
        ],
        conduct(Clock()),
    )
    attempts: list[Attempt] = []
    said = await hear(chain, attempts)
    assert said == [Usage(7, 0), *(event for batch in HELLO for event in batch)]
    assert [attempt.usage for attempt in attempts] == [Usage(7, 0), Usage(3, 2)]


SIGHT = Prompt("as asked", (Message("user", "", (Image("image/png", b"1"),)), *PROMPT.messages))


async def test_models_that_take_no_images_are_not_asked_where_there_is_one() -> None:
    first, blind, third = (Says([ProviderUnavailable()]), Says(), Says())
    candidates = [
        candidate("a/1", first), replace(candidate("b/2", blind), sees=False),
        candidate("c/3", third),
    ]  # fmt: skip
    chain = Chain(candidates, conduct(Clock(), retries=0))
    attempts: list[Attempt] = []
    await chain.generate(SIGHT, attempts, lambda _: None)
    assert outcomes(attempts) == [("a/1", "provider_unavailable"), ("c/3", "ok")]
    assert first.asked == [("1", False)]
    await chain.generate(PROMPT, attempts, lambda _: None)
    assert outcomes(attempts)[2:] == [("a/1", "provider_unavailable"), ("b/2", "ok")]


async def test_where_nobody_takes_images_nobody_is_asked() -> None:
    source = Says()
    chain = Chain([replace(candidate("a/1", source), sees=False)], conduct(Clock()))
    with pytest.raises(InvalidRequest, match="`a/1` cannot take images") as caught:
        await chain.generate(SIGHT, [], lambda _: None)
    assert (caught.value.field, source.asked) == ("media_files", [])


async def test_each_is_asked_by_its_own_name_and_told_whether_it_is_the_last() -> None:
    a, b = Says([DOWN]), Says()
    await hear(Chain([candidate("p/a", a), candidate("q/x/y", b)], conduct(Clock())))
    assert a.asked == [("a", False)] * 3
    assert b.asked == [("x/y", True)]


async def test_a_fallback_that_is_left_alone_is_no_fallback_left() -> None:
    a, b, clock = Says(), Says([DOWN]), Clock()
    manners = conduct(clock, retries=4)
    with pytest.raises(ProviderUnavailable):
        await hear(Chain([candidate("p/b", b)], manners))
    await hear(Chain([candidate("p/a", a), candidate("p/b", b)], manners))
    assert a.asked == [("a", True)]


async def test_a_single_batch_may_hold_the_whole_answer() -> None:
    attempts: list[Attempt] = []
    source = Says([(TextDelta("x"), Usage(1, 1), Finished("length"))])
    await hear(Chain([candidate("p/a", source)], conduct(Clock())), attempts)
    assert outcomes(attempts) == [("p/a", "ok")]


async def test_an_answer_without_a_token_is_an_answer() -> None:
    attempts: list[Attempt] = []
    source = Says([(Usage(1, 0), Finished("content_filter"))])
    said = await hear(Chain([candidate("p/a", source)], conduct(Clock())), attempts)
    assert said[-1] == Finished("content_filter")
    assert outcomes(attempts) == [("p/a", "ok")]


# The breaker


async def opened(source: Says, clock: Clock, notes: Notes | None = None) -> Chain:
    """A chain whose only model has just failed five times in a row."""
    chain = Chain([candidate("p/a", source)], conduct(clock, notes, retries=4))
    with pytest.raises(ProviderUnavailable):
        await hear(chain)
    assert len(source.asked) == 5
    return chain


async def test_a_model_that_keeps_failing_is_left_alone_and_that_is_said() -> None:
    clock, notes = Clock(), Notes()
    source = Says([DOWN])
    chain = await opened(source, clock, notes)
    clock.now += 10
    attempts: list[Attempt] = []
    with pytest.raises(ProviderUnavailable, match="left alone") as caught:
        await hear(chain, attempts)
    assert caught.value.retry_after == 20.0
    assert attempts == []
    assert notes.said[-1] == ("skipped", "p/a")


async def test_a_breaker_that_opens_ends_the_repetitions() -> None:
    clock = Clock()
    source = Says([DOWN])
    chain = Chain([candidate("p/a", source), candidate("p/b", Says())], conduct(clock, retries=9))
    attempts: list[Attempt] = []
    await hear(chain, attempts)
    assert [attempt.model for attempt in attempts] == ["p/a"] * 5 + ["p/b"]


async def test_one_probe_at_a_time_and_its_first_token_lets_the_others_in() -> None:
    clock = Clock()
    gate, hold = asyncio.Event(), asyncio.Event()
    source = Says(*[[DOWN]] * 5, [gate, (TextDelta("back"),), hold, (Finished("stop"),)], HELLO)
    chain = await opened(source, clock)
    clock.now += 30
    probe = asyncio.create_task(hear(chain))
    await source.waiting.wait()
    others = await asyncio.gather(*(hear(chain) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(other, ProviderUnavailable) for other in others)
    assert len(source.asked) == 6
    source.waiting.clear()
    gate.set()
    await source.waiting.wait()  # the first token is out, and the probe goes on
    assert TextDelta("lo") in await hear(chain)
    hold.set()
    assert await probe == [TextDelta("back"), Finished("stop")]


async def test_a_failed_probe_opens_the_breaker_again() -> None:
    clock, source = Clock(), Says([DOWN])
    chain = await opened(source, clock)
    clock.now += 30
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await hear(chain)
    assert len(source.asked) == 6


@pytest.mark.parametrize(
    "error", [errors.ProviderRefused(), errors.ContentFiltered(), errors.ContextTooLong(),
              errors.ProviderAuth(), errors.ProviderModelNotFound()], ids=repr
)  # fmt: skip
async def test_refusals_never_open_a_breaker(error: ProviderError) -> None:
    source = Says([error])
    chain = Chain([candidate("p/a", source)], conduct(Clock()))
    for _ in range(10):
        with pytest.raises(type(error)):
            await hear(chain)
    assert len(source.asked) == 10


@pytest.mark.parametrize(
    ("how", "after"),
    [("cancelled", 0), ("cancelled", 1), ("told that it is enough", 1), ("a bug", 0), ("a bug", 1)],
)
async def test_a_probe_that_comes_to_nothing_makes_room_for_the_next(how: str, after: int) -> None:
    clock, stuck = Clock(), asyncio.Event()
    end: list[object] = [ZeroDivisionError()] if how == "a bug" else [stuck]
    source = Says(*[[DOWN]] * 5, [*[(TextDelta("x"),)] * after, *end], HELLO)  # type: ignore[list-item]
    chain = await opened(source, clock)
    clock.now += 30
    attempts: list[Attempt] = []
    await LEAVE[how](chain, source, attempts)
    assert source.open == 0
    assert outcomes(attempts) == [("p/a", "internal" if how == "a bug" else "cancelled")]
    assert TextDelta("lo") in await hear(chain)


async def _cancel(chain: Chain, source: Says, attempts: list[Attempt]) -> None:
    task = asyncio.create_task(hear(chain, attempts))
    await source.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _enough(chain: Chain, source: Says, attempts: list[Attempt]) -> None:
    def say(batch: Sequence[Event]) -> None:
        raise Enough

    with pytest.raises(Enough):
        await chain.generate(PROMPT, attempts, say)


async def _break(chain: Chain, source: Says, attempts: list[Attempt]) -> None:
    with pytest.raises(ZeroDivisionError):
        await hear(chain, attempts)


LEAVE = {"cancelled": _cancel, "told that it is enough": _enough, "a bug": _break}


# Leaving


async def test_cancelled_during_a_wait_nobody_is_asked_any_more() -> None:
    source, attempts, waiting = Says([DOWN]), list[Attempt](), asyncio.Event()

    class Sleeper(Clock):
        async def sleep(self, seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(
        hear(Chain([candidate("p/a", source)], conduct(Sleeper())), attempts)
    )
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The only request had ended by itself, and keeps its own outcome.
    assert outcomes(attempts) == [("p/a", DOWN.code)]
    assert source.open == 0


async def test_an_error_that_is_no_providers_is_the_runs() -> None:
    attempts: list[Attempt] = []
    error: SluiceError = errors.InvalidRequest("no")
    other = Says()
    chain = Chain([candidate("p/a", Says([error])), candidate("p/b", other)], conduct(Clock()))
    with pytest.raises(errors.InvalidRequest):
        await hear(chain, attempts)
    assert outcomes(attempts) == [("p/a", "invalid_request")]
    assert other.asked == []


# Health


@pytest.mark.parametrize(
    ("plays", "state"),
    [
        ([[errors.ProviderAuth()]], "failing"),
        ([[DOWN]], "unknown"),
        ([[DOWN]] * 3, "failing"),
        ([[errors.ProviderTimeout()], HELLO, [DOWN], [DOWN]], "ok"),
        ([[DOWN]] * 3 + [HELLO], "ok"),
        ([[errors.ProviderAuth()], HELLO], "ok"),
        ([[errors.ProviderRateLimited()]] * 4, "unknown"),
        ([[errors.ContentFiltered()]] * 4, "unknown"),
        ([[(TextDelta("x"),), DOWN]], "ok"),
    ],
)
async def test_health_is_what_traffic_has_shown(plays: list[Sequence[object]], state: str) -> None:
    manners = conduct(Clock(), retries=0)
    chain = Chain([candidate("p/a", Says(*plays))], manners)  # type: ignore[arg-type]
    for _ in plays:
        try:
            await hear(chain)
        except ProviderError:
            continue
    assert manners.health.state("p") == state


def test_nobody_is_an_observer_too() -> None:
    nobody = Nobody()
    nobody.failed("p/a", DOWN)
    nobody.repeated("p/a", 1.0)
    nobody.skipped("p/a")
