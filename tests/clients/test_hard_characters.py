"""Text with every hard character is the same text, whichever way it comes."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import sluice
from sluice.providers.recital import HARD
from tests.conftest import Running

pytestmark = pytest.mark.clients

MODEL = "demo/text=unicode,delay=0ms"
ASKED = {"user_input": "hi", "model": MODEL}


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's environment nor a `.env` says anything to the Python face."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY", "LOCAL_LLM_URL"):
        monkeypatch.delenv(name, raising=False)


async def answer(server: Running, path: str, body: dict[str, Any], field: str) -> str:
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.post(path, json=body) as response,
    ):
        return (await response.json())[field]


async def stream(server: Running, method: str, path: str, **more: Any) -> str:
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.request(method, path, **more) as response,
    ):
        body = (await response.read()).decode()
    data = [line.removeprefix("data: ") for line in body.split("\n") if line.startswith("data: {")]
    return "".join(json.loads(one).get("chunk", "") for one in data)


async def query_json(server: Running) -> str:
    return await answer(server, "/api/v1/query", {"query": "hi", "model": MODEL}, "full_response")


async def query_stream(server: Running) -> str:
    body = {"query": "hi", "model": MODEL}
    return await stream(server, "POST", "/api/v1/query/stream", json=body)


async def query_socket(server: Running) -> str:
    text = ""
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.ws_connect("/api/v1/query/ws") as socket,
    ):
        await socket.send_json({"query": "hi", "model": MODEL})
        while (message := await socket.receive_json())["type"] != "end":
            text += message.get("chunk", "")
    return text


async def flows_json(server: Running) -> str:
    return await answer(server, "/api/flows/ask", ASKED, "response")


async def flows_post(server: Running) -> str:
    return await stream(server, "POST", "/api/stream/chat", json=ASKED)


async def flows_get(server: Running) -> str:
    return await stream(server, "GET", "/api/stream/chat-get", params=ASKED)


async def flow_stream(server: Running) -> str:
    return await stream(server, "POST", "/api/flows/ask/stream", json=ASKED)


async def python_client(server: Running) -> str:
    async with sluice.Client() as llm, llm.stream(MODEL, "hi") as said:
        return "".join([text async for text in said])


async def python_function(server: Running) -> str:
    async with sluice.stream_llm("demo", "hi", model=MODEL) as said:
        return "".join([text async for text in said])


async def python_blocking(server: Running) -> str:
    return "".join(sluice.stream(MODEL, "hi"))


WAYS: list[Callable[[Running], Awaitable[str]]] = [
    query_json,
    query_stream,
    query_socket,
    flows_json,
    flows_post,
    flows_get,
    flow_stream,
    python_client,
    python_function,
    python_blocking,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_text_with_every_hard_character_arrives_unchanged(
    server: Running, way: Callable[[Running], Awaitable[str]]
):
    assert await way(server) == "".join(HARD)


async def test_a_question_with_every_hard_character_is_said_back_the_same(server: Running):
    question = " ".join("".join(HARD).split())[:100]
    body = {"query": question, "model": "demo/delay=0ms"}
    whole = await answer(server, "/api/v1/query", body, "full_response")
    parameters = {"user_input": question, "model": "demo/delay=0ms"}

    assert f"> {question}\n" in whole
    assert await stream(server, "GET", "/api/stream/chat-get", params=parameters) == whole
