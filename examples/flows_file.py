"""A flow that asks two models at the same time, then has one of them weigh both answers.

SLUICE_FLOWS=examples/flows_file.py sluice serve

curl -N http://127.0.0.1:8000/api/flows/second-opinion/stream \
    -H 'Content-Type: application/json' -d '{"user_input": "Is zero a natural number?"}'
"""

import asyncio
from collections.abc import AsyncIterator

from sluice import flow, stream_llm

SECOND = "gemini"


async def whole(provider: str | None, prompt: str) -> str:
    """One model's whole answer."""
    async with stream_llm(provider, prompt, max_tokens=500) as answer:
        return "".join([text async for text in answer])


@flow("second-opinion")
async def second_opinion(user_input: str, provider: str | None = None) -> AsyncIterator[str]:
    """Two answers in parallel, and what to make of them."""
    yield "Asking two models…\n\n"
    one, other = await asyncio.gather(whole(provider, user_input), whole(SECOND, user_input))
    weigh = f"Question: {user_input}\n\nOne answer: {one}\n\nAnother: {other}\n\nWhich is better?"
    async with stream_llm(provider, weigh) as verdict:
        async for text in verdict:
            yield text
