"""OpenAI's own SDK, and LangChain's chat model for OpenAI, pointed at Sluice."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionChunk

from sluice.providers.recital import HARD
from tests.clients.person import signed_in
from tests.clients.running import run
from tests.conftest import Running, Serve

pytestmark = pytest.mark.clients

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "langchain_client.py"
QUICK = "demo/n=5,delay=0ms"
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def key(server: Running) -> str:
    """What lets a user in."""

    async def made() -> str:
        async with signed_in(server.url) as person:
            return person.token

    return asyncio.run(made())


@pytest_asyncio.fixture
async def sdk(server: Running, key: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """Asks each thing but once."""
    base = f"{server.url}/v1"
    async with openai.AsyncOpenAI(api_key=key, base_url=base, max_retries=0) as client:
        yield client


async def chunks(sdk: openai.AsyncOpenAI, model: str, **more: Any) -> list[ChatCompletionChunk]:
    stream = await sdk.chat.completions.create(model=model, messages=HELLO, stream=True, **more)
    return [chunk async for chunk in stream]


def said(heard: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in heard if chunk.choices)


async def test_a_stream_says_what_the_whole_answer_does(sdk: openai.AsyncOpenAI) -> None:
    heard = await chunks(sdk, QUICK)
    whole = await sdk.chat.completions.create(model=QUICK, messages=HELLO)
    assert said(heard) == whole.choices[0].message.content
    assert heard[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in heard] == [None] * 6 + ["stop"]
    assert len({(chunk.id, chunk.created) for chunk in heard}) == 1
    assert (heard[-1].model, whole.model, whole.choices[0].finish_reason) == (
        "demo",
        "demo",
        "stop",
    )
    assert whole.usage is not None
    assert (whole.usage.completion_tokens, whole.usage.total_tokens) == (5, 6)


async def test_a_stream_ends_with_the_usage_where_that_is_asked_for(
    sdk: openai.AsyncOpenAI,
) -> None:
    *heard, last = await chunks(sdk, QUICK, stream_options={"include_usage": True})
    assert (last.choices, all(chunk.usage is None for chunk in heard)) == ([], True)
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (1, 5)


async def test_every_hard_character_arrives(sdk: openai.AsyncOpenAI) -> None:
    assert said(await chunks(sdk, "demo/text=unicode,delay=0ms")) == "".join(HARD)


async def test_a_limit_is_kept_and_named(sdk: openai.AsyncOpenAI) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        heard = await chunks(sdk, "demo/n=50,delay=0ms", **{name: 3})
        assert [chunk.choices[0].finish_reason for chunk in heard[-2:]] == [None, "length"]
        assert len(heard) == 5


async def test_a_stream_that_breaks_off_is_an_error_and_no_short_answer(
    sdk: openai.AsyncOpenAI,
) -> None:
    with pytest.raises(openai.APIError) as caught:
        await chunks(sdk, "demo/n=9,delay=0ms,cut@3")
    assert caught.value.code == "provider_unavailable"
    with pytest.raises(openai.InternalServerError) as whole:
        await sdk.chat.completions.create(model="demo/cut@3,delay=0ms", messages=HELLO)
    assert (whole.value.status_code, whole.value.code) == (503, "provider_unavailable")


async def test_silence_is_bridged_by_comments_that_the_sdk_survives(serve: Serve) -> None:
    server = serve(SLUICE_HEARTBEAT="0.1")
    async with (
        signed_in(server.url) as person,
        openai.AsyncOpenAI(api_key=person.token, base_url=f"{server.url}/v1") as sdk,
    ):
        heard = await chunks(sdk, "demo/n=4,delay=0ms,stall=500ms@2")
    assert len(heard) == 6


async def test_the_earlier_turns_are_part_of_what_is_asked(sdk: openai.AsyncOpenAI) -> None:
    turns: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "One"}]},
        {"role": "assistant", "content": "Two"},
        *HELLO,
    ]
    whole = await sdk.chat.completions.create(model=QUICK, messages=turns, temperature=0.5, seed=1)
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == 5


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "messages[0].role"),
        ({"tools": [TOOL]}, "tools"),
        ({"n": 2}, "n"),
        ({"stop": ["END"]}, "stop"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"model": "demo/no-such=1"}, "model"),
    ],
)
async def test_what_is_not_to_be_had_is_refused_by_name(
    sdk: openai.AsyncOpenAI, asked: dict[str, Any], param: str, stream: bool
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await sdk.chat.completions.create(
            **{"model": QUICK, "messages": HELLO, "stream": stream, **asked}
        )
    assert (caught.value.param, caught.value.type) == (param, "invalid_request_error")


async def test_a_key_that_nobody_has_is_refused(server: Running) -> None:
    base = f"{server.url}/v1"
    async with openai.AsyncOpenAI(api_key="sk-none", base_url=base, max_retries=0) as sdk:
        with pytest.raises(openai.AuthenticationError):
            await sdk.models.list()
        with pytest.raises(openai.AuthenticationError):
            await chunks(sdk, QUICK)


async def test_the_models_are_listed(sdk: openai.AsyncOpenAI) -> None:
    listed = [(one.id, one.owned_by, one.object) async for one in sdk.models.list()]
    assert listed == [("demo", "demo", "model")]


async def test_langchain_streams_from_sluice(server: Running, key: str) -> None:
    async with httpx.AsyncClient() as line:
        model = ChatOpenAI(
            model=QUICK,
            base_url=f"{server.url}/v1",
            api_key=key,
            stream_usage=True,
            http_async_client=line,
        )
        heard = [chunk async for chunk in model.astream("Hello")]
        whole = await model.ainvoke("Hello")
    assert "".join(chunk.text for chunk in heard) == whole.text
    assert sum(chunk.usage_metadata["total_tokens"] for chunk in heard if chunk.usage_metadata) == 6


async def test_a_stream_names_its_run_by_which_it_can_be_stopped(sdk: openai.AsyncOpenAI) -> None:
    asked = sdk.chat.completions.with_raw_response
    raw = await asked.create(model="demo/n=2000", messages=HELLO, stream=True)
    path = f"/../api/v1/runs/{raw.headers['x-run-id']}/cancel"
    heard = []
    async for chunk in raw.parse():
        heard.append(chunk)
        if len(heard) == 2:
            receipt = await sdk.post(path, cast_to=httpx.Response)
            assert receipt.json()["state"] == "cancelled"
    assert heard[-1].choices[0].finish_reason == "stop"


async def test_the_example_streams_by_langchain(server: Running, key: str) -> None:
    told = (f"SLUICE_URL={server.url}", f"SLUICE_KEY={key}", "SLUICE_MODEL=demo/delay=0ms")
    done = await run("env", *told, sys.executable, EXAMPLE, "Xin chào")
    assert "> Xin chào" in done.out
    assert "'total_tokens': " in done.out
