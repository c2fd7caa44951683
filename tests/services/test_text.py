"""An answer as Python code reads it: every way to stop, and every way to fail."""

import asyncio
import gc

import pytest

from sluice.core.errors import Overloaded, ProviderTimeout
from sluice.core.events import Finished, ReasoningDelta, TextDelta
from sluice.core.runs import Run
from sluice.services.text import TextStream
from tests.core.actors import Speaker, Stage, over


class Answer:
    """A stream of what a speaker says, and whether it was finished with."""

    def __init__(self, *lines: object) -> None:
        self.stage = Stage(grace=0.0, retention=0.0)
        self.speaker = Speaker(*lines)  # type: ignore[arg-type]
        self.finished = 0
        self.run: Run | None = None
        self.stream: TextStream | None = TextStream(self.begin, self.finish)

    async def begin(self) -> Run:
        self.run = self.stage.start(self.speaker)
        return self.run

    async def finish(self) -> None:
        self.finished += 1

    async def read(self) -> list[str]:
        assert self.stream is not None
        return [piece async for piece in self.stream]


WORDS = [(TextDelta("a"),), (ReasoningDelta("hm"), TextDelta("b")), (Finished("length"),)]


async def test_the_pieces_come_in_their_order_and_the_receipt_at_the_end():
    answer = Answer(*WORDS)
    stream = answer.stream
    assert stream is not None
    assert (stream.model, stream.receipt, stream.finish_reason) == ("", None, None)

    assert await answer.read() == ["a", "b"]
    assert (stream.model, stream.finish_reason) == ("fake/model", "length")
    assert stream.receipt is not None
    assert stream.receipt.text_length == 2
    assert answer.finished == 1


async def test_an_error_is_raised_once_what_came_before_it_was_handed_out():
    answer = Answer((TextDelta("a"), TextDelta("b")), ProviderTimeout("Too slow."))
    stream = answer.stream
    assert stream is not None
    async with stream:
        await over(answer.run)  # type: ignore[arg-type]  # so that text and end come together
        assert [await anext(stream), await anext(stream)] == ["a", "b"]
        with pytest.raises(ProviderTimeout, match=r"Too slow\."):
            await anext(stream)
    assert await answer.read() == []
    assert (answer.finished, stream.finish_reason) == (1, None)
    assert stream.receipt is not None


async def test_what_refuses_the_run_is_raised_where_it_is_iterated():
    async def begin() -> Run:
        raise Overloaded

    answer = Answer()
    stream = TextStream(begin, answer.finish)
    with pytest.raises(Overloaded):
        await anext(stream)
    assert answer.finished == 1


async def test_leaving_the_block_closes_the_provider_before_it_goes_on():
    answer = Answer((TextDelta("a"),), asyncio.Event())
    assert answer.stream is not None
    async with answer.stream as stream:
        async for piece in stream:
            assert piece == "a"
            break
    assert answer.speaker.open == 0
    assert answer.finished == 1
    assert stream.finish_reason == "cancelled"
    assert stream.receipt is not None
    assert await answer.read() == []


async def test_a_break_closes_the_provider_once_nobody_holds_the_stream():
    answer = Answer((TextDelta("a"),), asyncio.Event())
    stream, answer.stream = answer.stream, None
    assert stream is not None
    async for _ in stream:
        break
    del stream
    gc.collect()
    assert answer.run is not None
    await over(answer.run)
    await asyncio.sleep(0)
    assert (answer.speaker.open, answer.finished) == (0, 1)


async def test_a_cancelled_reader_closes_the_provider():
    answer = Answer((TextDelta("a"),), asyncio.Event())

    async def read() -> None:
        assert answer.stream is not None
        async with answer.stream as stream:
            async for _ in stream:
                pass

    task = asyncio.create_task(read())
    await answer.speaker.waiting.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert (answer.speaker.open, answer.finished) == (0, 1)


async def test_closing_what_was_never_read_asks_nobody():
    answer = Answer()
    assert answer.stream is not None
    await answer.stream.aclose()
    await answer.stream.aclose()
    assert (answer.run, answer.finished) == (None, 1)
    assert await answer.read() == []


async def test_closing_after_the_end_changes_nothing():
    answer = Answer(*WORDS)
    assert answer.stream is not None
    await answer.read()
    await answer.stream.aclose()
    assert (answer.stream.finish_reason, answer.finished) == ("length", 1)
