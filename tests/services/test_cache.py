"""Answers that are known, and answers that several ask for at once: nobody is asked twice."""

import asyncio
from collections.abc import Sequence

import pytest

from sluice.core.errors import ProviderUnavailable
from sluice.core.events import Attempt, Event, Finished, FinishReason, TextDelta, Usage
from sluice.core.messages import Message, Prompt
from sluice.core.ports import Enough
from sluice.services.cache import Answers, key_of
from tests.core.actors import Clock, Speaker, text_of

PROMPT = Prompt("fake/model", (Message("user", "hello"),), 100, 0.5)


class Asker:
    """One run's way of asking: hears what is said, and pays for its attempts."""

    def __init__(self, answers: Answers, provider: Speaker, caller: str = "ann") -> None:
        self.heard: list[Event] = []
        self.attempts: list[Attempt] = []
        self.most = 1_000
        through = answers.through(provider, PROMPT, caller)
        self.task = asyncio.create_task(through.generate(PROMPT, self.attempts, self._say))

    @property
    def outcomes(self) -> list[str]:
        return [attempt.outcome for attempt in self.attempts]

    async def over(self) -> "Asker":
        await asyncio.wait([self.task])
        return self

    def _say(self, events: Sequence[Event]) -> None:
        self.heard += events
        if len(self.heard) > self.most:
            raise Enough


def answers(seconds: float = 60.0, memory: int = 1 << 20) -> tuple[Answers, Clock]:
    clock = Clock()
    return Answers(seconds, memory, clock), clock


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_the_same_request_is_answered_again_and_nobody_is_asked():
    known, _ = answers()
    first = await Asker(known, Speaker()).over()
    silent = Speaker(AssertionError("was asked"))
    second = await Asker(known, silent).over()
    second.task.result()
    assert text_of(second.heard) == text_of(first.heard) == "Hello"
    assert isinstance(second.heard[-1], Finished)
    assert (first.outcomes, second.outcomes) == (["running"], ["cached"])
    assert second.attempts[0].usage == Usage(0, 0)


async def test_a_known_answer_streams_in_pieces():
    known, _ = answers()
    long = "word " * 100
    await Asker(known, Speaker((TextDelta(long), Finished("stop")))).over()
    again = await Asker(known, Speaker()).over()
    assert text_of(again.heard) == long
    assert len(again.heard) > 5


@pytest.mark.parametrize("change", [
    {"model": "fake/other"}, {"temperature": 0.6}, {"max_tokens": 99},
    {"messages": (Message("user", "Hello"),)},
    {"messages": (Message("system", "x"), Message("user", "hello"))},
])  # fmt: skip
def test_another_request_is_another_key(change: dict[str, object]):
    given = {name: getattr(PROMPT, name) for name in PROMPT.__struct_fields__}
    assert key_of(Prompt(**{**given, **change}), "ann") != key_of(PROMPT, "ann")


async def test_another_user_is_asked_for_by_themselves():
    known, _ = answers()
    await Asker(known, Speaker()).over()
    other = await Asker(known, Speaker(), "bob").over()
    assert other.outcomes == ["running"]


async def test_an_answer_holds_for_its_time():
    known, clock = answers(seconds=10)
    await Asker(known, Speaker()).over()
    clock.now += 10
    assert (await Asker(known, Speaker()).over()).outcomes == ["running"]


@pytest.mark.parametrize("reason", ["cancelled", "content_filter", "tools"])
async def test_what_asking_again_may_mend_is_not_kept(reason: FinishReason):
    known, _ = answers()
    await Asker(known, Speaker((TextDelta("a"), Finished(reason)))).over()
    assert len(known) == 0


async def test_the_oldest_answers_go_where_there_is_no_room():
    known, _ = answers(memory=2_000)
    for number in range(20):
        known.keep(b"%d" % number, "x" * 50, "stop", "fake/model")
    assert known.size <= 2_000
    assert known.find(b"0") is None
    assert known.find(b"19") is not None


async def test_two_who_ask_at_once_share_one_answer_and_the_first_pays():
    known, _ = answers()
    go = asyncio.Event()
    speaker = Speaker((TextDelta("Hel"),), go, (TextDelta("lo"), Finished("stop")))
    first = Asker(known, speaker)
    await speaker.waiting.wait()
    late = Asker(known, Speaker(AssertionError("was asked")))
    await turns()
    assert text_of(late.heard) == "Hel", "what has been said is said at once"
    go.set()
    await asyncio.gather(first.over(), late.over())
    assert text_of(first.heard) == text_of(late.heard) == "Hello"
    assert (first.outcomes, late.outcomes) == (["running"], ["cached"])


async def test_the_first_may_leave_and_whoever_is_left_pays():
    known, _ = answers()
    go = asyncio.Event()
    speaker = Speaker((TextDelta("Hel"),), go, (TextDelta("lo"), Finished("stop")))
    first, second = Asker(known, speaker), Asker(known, speaker)
    await speaker.waiting.wait()
    first.task.cancel()
    await first.over()
    assert speaker.open == 1
    go.set()
    await second.over()
    assert text_of(second.heard) == "Hello"
    assert (first.outcomes, second.outcomes) == (["cached"], ["running"])


async def test_the_last_to_leave_closes_the_providers_connection_and_pays():
    known, _ = answers()
    speaker = Speaker((TextDelta("Hel"),), asyncio.Event())
    only = Asker(known, speaker)
    await speaker.waiting.wait()
    only.task.cancel()
    await only.over()
    assert speaker.open == 0
    assert only.outcomes == ["running"]
    assert len(known) == 0


async def test_a_failure_is_everybodys_and_is_not_kept():
    known, _ = answers()
    go = asyncio.Event()
    speaker = Speaker((TextDelta("a"),), go, ProviderUnavailable())
    askers = [Asker(known, speaker) for _ in range(3)]
    await speaker.waiting.wait()
    go.set()
    for asker in askers:
        await asker.over()
        assert isinstance(asker.task.exception(), ProviderUnavailable)
    assert len(known) == 0


async def test_whose_run_may_say_no_more_leaves_alone():
    known, _ = answers()
    go = asyncio.Event()
    speaker = Speaker((TextDelta("a"),), go, (TextDelta("b"), Finished("stop")))
    full, other = Asker(known, speaker), Asker(known, speaker)
    await speaker.waiting.wait()
    full.most = 1
    go.set()
    await asyncio.gather(full.over(), other.over())
    assert isinstance(full.task.exception(), Enough)
    assert text_of(other.heard) == "ab"
