"""The least that a Python server can be: uvicorn, aiohttp and msgspec, and the path of a token.

Typed decode of the provider's chunks, typed encode of events of the query dialect's shape; no log,
no resume, no limits, no errors. It shows what the features of a real server cost.
"""

import argparse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp
import msgspec
import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEADERS = {"authorization": "Bearer bench", "content-type": "application/json"}
START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")],
}


class Delta(msgspec.Struct):
    content: str | None = None


class Choice(msgspec.Struct):
    delta: Delta
    finish_reason: str | None = None


class Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Chunk(msgspec.Struct):
    choices: list[Choice]
    usage: Usage | None = None


class Content(msgspec.Struct, tag_field="type", tag="content"):
    chunk: str
    accumulated_length: int


class Done(msgspec.Struct, tag_field="type", tag="done"):
    finish_reason: str | None
    usage: Usage | None


class Request(msgspec.Struct):
    model: str
    messages: list[dict[str, str]]


decode_chunk = msgspec.json.Decoder(Chunk).decode
decode_request = msgspec.json.Decoder(Request).decode
encode = msgspec.json.Encoder().encode


def upstream_body(body: bytes) -> bytes:
    """What the provider is asked, for what the client asked."""
    asked = decode_request(body)
    return encode(
        {
            "model": asked.model,
            "messages": asked.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )


class Relay:
    """One answer: the provider's bytes → ours, all events of one read at once."""

    __slots__ = ("_finish", "_sent", "_tail", "_usage")

    def __init__(self) -> None:
        self._tail = b""
        self._sent = 0
        self._finish: str | None = None
        self._usage: Usage | None = None

    def feed(self, data: bytes) -> bytes:
        lines = (self._tail + data if self._tail else data).split(b"\n")
        self._tail = lines.pop()
        return b"".join([self._event(line[6:]) for line in lines if line.startswith(b"data: ")])

    def _event(self, data: bytes) -> bytes:
        if data == b"[DONE]":
            return b"data: %b\n\n" % encode(Done(self._finish, self._usage))
        chunk = decode_chunk(data)
        self._usage = chunk.usage or self._usage
        if not chunk.choices:
            return b""
        choice = chunk.choices[0]
        self._finish = choice.finish_reason or self._finish
        text = choice.delta.content
        if not text:
            return b""
        self._sent += len(text)
        return b"data: %b\n\n" % encode(Content(text, self._sent))


class Prototype:
    """The ASGI application. `provider` is the address of its chat completions."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._session is not None:
            await self._generate(self._session, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_read=120),
            auto_decompress=False,
        ) as self._session:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _generate(self, session: aiohttp.ClientSession, receive: Receive, send: Send) -> None:
        body = upstream_body(await whole_body(receive))
        async with session.post(self._provider, data=body, headers=HEADERS) as response:
            await send(START)
            relay = Relay()
            while data := await response.content.readany():
                if out := relay.feed(data):
                    await send({"type": "http.response.body", "body": out, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def whole_body(receive: Receive) -> bytes:
    """The request's body."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def main() -> None:
    """Serve on a port of loopback."""
    parser = argparse.ArgumentParser(prog="python -m bench.prototype", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--provider", required=True, help="address of chat/completions")
    options = parser.parse_args()
    uvicorn.run(
        Prototype(options.provider),
        port=options.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
