"""socket.io-client (JavaScript) and python-socketio, over WebSocket and long-polling."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import socketio

from sluice.providers.recital import HARD
from tests.clients.conftest import Javascript
from tests.conftest import Running

pytestmark = pytest.mark.clients

Json = dict[str, Any]
Heard = list[tuple[str, Json]]
Talk = Callable[..., Awaitable[Heard]]
TRANSPORTS = ("websocket", "polling", "polling,websocket")


@pytest.fixture(params=TRANSPORTS)
def over(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def talk(server: Running, javascript: Javascript, npm_parts: Path) -> Talk:
    """Lets socket.io-client say something; returns the events that it heard."""
    module = npm_parts / "socket.io-client" / "build" / "esm-debug" / "index.js"

    async def start(over: str, *messages: Json, **options: Any) -> Heard:
        given = json.dumps(messages), json.dumps(options)
        done = await javascript("socketio.mjs", module, server.url, over, *given)
        return [(name, payload) for name, payload in done.lines]

    return start


def of(heard: Heard, name: str) -> list[Json]:
    return [payload for known, payload in heard if known == name]


async def test_socketio_client_hears_each_piece_and_then_the_whole(talk: Talk, over: str):
    message = {"message": "Xin chào", "session_id": f"js-{over.replace(',', '-')}"}
    heard = await talk(over, message | {"model": "demo/n=50,delay=1ms"})

    tokens, (end,), (ack,) = (of(heard, name) for name in ("chat_token", "chat_complete", "ack"))
    assert "".join(token["token"] for token in tokens) == end["full_response"]
    assert [token["count"] for token in tokens] == list(range(1, 51))
    assert tokens[-1]["partial"] == end["full_response"]
    assert ack["run_id"] == tokens[0]["id"].partition(":")[0]
    assert ack["session_id"] == end["session_id"] == message["session_id"]


async def test_socketio_client_gets_every_hard_character(talk: Talk, over: str):
    heard = await talk(over, {"message": "?", "model": "demo/text=unicode,delay=0ms"})

    assert "".join(token["token"] for token in of(heard, "chat_token")) == "".join(HARD)
    assert of(heard, "chat_complete")[0]["full_response"] == "".join(HARD)


async def test_socketio_client_cancels(talk: Talk, over: str):
    model, session = "demo/n=10000,delay=5ms", f"stop-{over.replace(',', '-')}"
    heard = await talk(
        over, {"message": "Talk", "model": model, "session_id": session}, cancelAfter=3
    )

    (end,) = of(heard, "chat_complete")
    assert (end["cancelled"], end["finish_reason"]) == (True, "cancelled")


async def test_socketio_client_comes_back_for_the_rest(talk: Talk, over: str):
    heard = await talk(over, {"message": "Hi", "model": "demo/n=40,delay=10ms"}, leaveAfter=10)

    (end,) = of(heard, "chat_complete")
    tokens = of(heard, "chat_token")
    assert "".join(token["token"] for token in tokens) == end["full_response"]
    assert [token["count"] for token in tokens] == list(range(1, 41))
    assert end["finish_reason"] == "stop"


async def test_socketio_client_is_told_what_is_wrong(talk: Talk, over: str):
    heard = await talk(over, {"message": ""}, {"message": "hi", "model": "demo/fail=internal@0"})
    assert {error["code"] for error in of(heard, "chat_stream_error")} == {
        "invalid_request",
        "internal",
    }

    heard = await talk(over, {"message": "hi"}, auth={"token": "no-good"})
    (refused,) = of(heard, "connect_error")
    assert refused["data"]["code"] == "unauthorized"


@pytest.mark.parametrize("over", [["websocket"], ["polling"], ["polling", "websocket"]])
async def test_python_socketio_hears_each_piece_and_then_the_whole(
    server: Running, over: list[str]
):
    client, heard = socketio.AsyncClient(), asyncio.Queue[tuple[str, Json]]()
    client.on("*", lambda name, payload: heard.put_nowait((name, payload)))
    async with asyncio.timeout(30):
        await client.connect(server.url, transports=["polling"])
        await client.emit("chat_stream", {"message": "Hi", "model": "demo/n=300,delay=0ms"})
        said: Heard = [await heard.get()]
        while said[-1][0] == "chat_token":
            said.append(await heard.get())
        await client.disconnect()

    text = "".join(token["token"] for token in of(said, "chat_token"))
    assert said[-1][0] == "chat_complete"
    assert said[-1][1]["full_response"] == text


def test_python_socketio_without_a_loop_asks_and_comes_back(server: Running):
    with socketio.SimpleClient() as client:
        client.connect(server.url, transports=["polling"])
        done = client.call("chat_stream", {"message": "Hi", "model": "demo/n=20,delay=20ms"})
        first = client.receive(timeout=30)
    with socketio.SimpleClient() as client:
        client.connect(server.url, transports=["polling"])
        client.emit("chat_resume", {"run_id": done["run_id"], "after": 2})
        rest = client.receive(timeout=30)
    assert (first[0], first[1]["count"]) == ("chat_token", 1)
    assert (rest[0], rest[1]["count"]) == ("chat_token", 2)
