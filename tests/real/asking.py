"""The ways to ask: a Python client, and the three transports of a server."""

import json
from typing import Any

import aiohttp
import websockets
from tests.conftest import Running
from vendors import MODELS, Aimock, call

import sluice
from sluice.core.commands import Ask
from sluice.core.events import Event
from sluice.core.messages import Message
from sluice.errors import SluiceError
from sluice.settings import load


def open_client(aimock: Aimock, **more: Any) -> sluice.Client:
    """All three vendors are the mock."""
    told = {name.lower(): value for name, value in aimock.settings(*MODELS).items()}
    return sluice.Client(load(**{**told, **more}))


async def text_of(answer: sluice.TextStream) -> str:
    """The whole answer."""
    async with answer:
        return "".join([piece async for piece in answer])


async def failure(answer: sluice.TextStream) -> tuple[str, str]:
    """The code of the error that ends an answer, and what came before it."""
    pieces: list[str] = []
    try:
        async for piece in answer:
            pieces.append(piece)
    except SluiceError as problem:
        return problem.code, "".join(pieces)
    raise AssertionError(f"an answer instead of a failure: {pieces}")


async def events_of(client: sluice.Client, model: str) -> list[Event]:
    """All that a run says, before any dialect."""
    run = await client.begin(Ask((Message("user", "Hello"),), model=model))
    follower = run.follow()
    events: list[Event] = []
    while not follower.over:
        events += await follower.read()
    follower.close()
    return events


def receipt_of(server: Running, run: str) -> Any:
    """How a run of the server stands."""
    return call(f"{server.url}/api/v1/runs/{run}")


async def stream(server: Running, model: str, **more: Any) -> tuple[str, list[Any]]:
    """The run's id, and the events of its stream."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{server.url}/api/v1/query/stream", json={"query": "Hello", "model": model, **more}
        ) as answer,
    ):
        assert answer.status == 200
        frames = (await answer.read()).decode().split("\n\n")
    data = [line[6:] for f in frames for line in f.split("\n") if line.startswith("data: ")]
    assert data.pop() == "[DONE]"
    return answer.headers["X-Run-Id"], [json.loads(one) for one in data]


async def whole(server: Running, model: str, **more: Any) -> tuple[int, Any]:
    """The status and the body of a JSON answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{server.url}/api/v1/query", json={"query": "Hello", "model": model, **more}
        ) as answer,
    ):
        return answer.status, await answer.json()


async def socket(server: Running, model: str, **more: Any) -> list[Any]:
    """The messages of a WebSocket that answer one query."""
    said: list[Any] = []
    async with websockets.connect(f"ws://127.0.0.1:{server.port}/api/v1/query/ws") as opened:
        await opened.send(json.dumps({"query": "Hello", "model": model, **more}))
        while not said or said[-1]["type"] not in {"end", "error"}:
            said.append(json.loads(await opened.recv()))
    return said
