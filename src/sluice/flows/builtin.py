"""The flows that every server has."""

import asyncio
from collections.abc import AsyncIterator

from sluice.core.commands import Ask
from sluice.core.messages import Message
from sluice.flows.mark import flow
from sluice.services.calls import CALLS

CHUNKS = 10
PAUSE = 0.2  # seconds


@flow("ask")
async def ask(
    user_input: str, provider: str | None = None, model: str | None = None
) -> AsyncIterator[str]:
    """One call to one model."""
    calls = CALLS.get()
    assert calls is not None, "flows run inside a run"
    question = Ask(messages=(Message("user", user_input),), provider=provider, model=model)
    async with calls.stream(question) as answer:
        async for text in answer:
            yield text


@flow("stream-test")
async def stream_test(
    user_input: str, provider: str | None = None, model: str | None = None
) -> AsyncIterator[str]:
    """One call to one model, with a line before and after it: to see that streaming works."""
    yield f"Question: {user_input}\n\n"
    async for text in ask(user_input, provider, model):
        yield text
    yield "\n\nEnd of the stream."


@flow("count")
async def count(user_input: str) -> AsyncIterator[str]:
    """Ten numbered chunks, 200 ms apart, without any model."""
    for number in range(1, CHUNKS + 1):
        yield f"Chunk {number}\n"
        if number < CHUNKS:
            await asyncio.sleep(PAUSE)
