"""LangChain's chat model for OpenAI as a provider, beside our own: both hear the same."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio
from faults import CUTS, HELLO, LONG, REFUSALS, TEXT
from langchain_openai import ChatOpenAI
from vendors import KEYS, Aimock, name_of

from sluice.core.errors import ProviderError
from sluice.core.events import (
    Attempt,
    Event,
    Finished,
    TextDelta,
    ToolCall,
    Usage,
)
from sluice.core.messages import Document, Image, Message, Prompt
from sluice.providers.http import HttpSource, open_session
from sluice.providers.langchain import LangChain
from sluice.providers.openai import OpenAI
from sluice.providers.source import Source
from sluice.providers.wire import Patience

pytestmark = pytest.mark.clients

NAME = name_of("openai")
TURNS = (
    Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Hi there!"),
    Message("user", "Xin chào 🦊", (Image("image/png", b"\x89PNG"), Document("a.txt", "漢字"))),
)  # fmt: skip


@pytest_asyncio.fixture
async def line() -> AsyncIterator[httpx.AsyncClient]:
    """What a chat model sends its requests by; it would leave its own open."""
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def theirs(aimock: Aimock, line: httpx.AsyncClient) -> LangChain:
    model = ChatOpenAI(
        model=NAME,
        base_url=aimock.base("openai"),
        api_key=KEYS["openai"],
        temperature=0,
        max_retries=0,
        stream_usage=True,
        http_async_client=line,
    )
    return LangChain({NAME: model})


async def ask(
    source: Source, turns: Sequence[Message] = TURNS, patience: Patience | None = None
) -> list[Event]:
    said: list[Event] = []
    prompt = Prompt(NAME, tuple(turns), 50, 0.5)
    await source.attempt(prompt, Attempt("x"), patience or Patience(), True, said.extend)
    return said


async def ask_us(aimock: Aimock) -> list[Event]:
    async with open_session() as session:
        wire = OpenAI(aimock.base("openai"), KEYS["openai"])
        return await ask(HttpSource(wire, session))


def gist(events: list[Event]) -> tuple[object, ...]:
    """All that was said, however it was cut."""
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    calls = [(event.name, event.arguments) for event in events if isinstance(event, ToolCall)]
    usage = [event for event in events if isinstance(event, Usage)]
    return text, calls, usage[-1:], events[-1]


SAID: dict[str, dict[str, Any]] = {
    "a text": HELLO,
    "a text that was too long": {**HELLO, "finishReason": "length"},
    "a text that was filtered": {**HELLO, "finishReason": "content_filter"},
    "two tool calls": {
        "toolCalls": [
            {"name": "now", "arguments": '{"zone":"Huế"}'},
            {"name": "weather", "arguments": '{"city":"Huế","days":[1,2]}'},
        ],
        "usage": HELLO["usage"],
    },
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_it_says_the_same_as_ours(
    aimock: Aimock, theirs: LangChain, said: str, size: int
) -> None:
    aimock.says(SAID[said], chunkSize=size)
    heard = gist(await ask(theirs))
    assert heard == gist(await ask_us(aimock))
    assert heard[2] == [Usage(11, 7)]
    assert isinstance(heard[3], Finished)
    assert heard[0] == (TEXT if "content" in SAID[said] else "")


async def test_it_asks_the_same_as_ours(aimock: Aimock, theirs: LangChain) -> None:
    aimock.says(HELLO)
    await ask(theirs)
    await ask_us(aimock)
    one, two = (sent["body"] for sent in aimock.heard())
    assert one["messages"] == two["messages"]
    for field in ("model", "max_completion_tokens", "temperature", "stream", "stream_options"):
        assert one[field] == two[field]


@pytest.mark.parametrize("how", REFUSALS)
async def test_it_fails_as_ours_does(aimock: Aimock, theirs: LangChain, how: str) -> None:
    told, code = REFUSALS[how]
    aimock.says(**told)
    with pytest.raises(ProviderError) as caught:
        await ask(theirs)
    assert caught.value.code == code
    assert KEYS["openai"] not in caught.value.message


@pytest.mark.parametrize("cut", CUTS)
async def test_an_answer_cut_off_is_a_failure_and_never_a_short_answer(
    aimock: Aimock, theirs: LangChain, cut: str
) -> None:
    aimock.says(LONG, **CUTS[cut])
    with pytest.raises(ProviderError) as caught:
        await ask(theirs)
    assert caught.value.code == "provider_unavailable"


async def test_it_is_given_up_where_it_keeps_silent(aimock: Aimock, theirs: LangChain) -> None:
    aimock.says(LONG, streamingProfile={"ttft": 10, "tps": 1})
    with pytest.raises(ProviderError) as caught:
        await ask(theirs, patience=Patience(first_byte_last=0.4, silence=0.4))
    assert caught.value.code == "provider_timeout"
