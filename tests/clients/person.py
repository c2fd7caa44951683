"""Somebody who is signed in at a server, and talks there: as any HTTP client would."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

Json = dict[str, Any]

STREAM = "/api/v1/chat/stream"
PASSWORD = "correct horse battery"
QUICK = "demo/n=5,delay=0ms"
SLOW = "demo/n=2000,delay=20ms"  # goes on for longer than any test


class Heard(NamedTuple):
    """One event: its id, and what it says."""

    id: str
    event: Json


class Answer(NamedTuple):
    """An answer that is no stream."""

    status: int
    body: Any


class Stream:
    """The answer to something that streams, while it arrives."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    @property
    def run(self) -> str:
        return self.response.headers["X-Run-Id"]

    async def events(self, most: int | None = None) -> list[Heard]:
        """All events, or so many of them."""
        heard: list[Heard] = []
        id = ""
        async for line in self.response.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                id = value
            elif name == "data":
                heard.append(Heard(id, json.loads(value)))
                if len(heard) == most:
                    break
        return heard


class Person:
    """One user's HTTP client; `headers` say who it is."""

    def __init__(self, session: aiohttp.ClientSession, headers: dict[str, str]) -> None:
        self.session = session
        self.headers = headers

    @property
    def token(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")

    async def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> Answer:
        """Ask for something that is no stream."""
        more = {**self.headers, **headers}
        async with self.session.request(method, path, json=body, headers=more) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return Answer(response.status, json.loads(text) if is_json and text else text)

    async def get(self, path: str) -> Any:
        """What is there."""
        answer = await self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.body

    @asynccontextmanager
    async def streaming(
        self, path: str, body: Json | None = None, method: str = "POST", **headers: str
    ) -> AsyncIterator[Stream]:
        """Ask for a stream; leaving the block closes the connection."""
        more = {**self.headers, **{name.replace("_", "-"): text for name, text in headers.items()}}
        async with self.session.request(method, path, json=body, headers=more) as response:
            assert response.status == 200, (response.status, await response.text())
            yield Stream(response)

    async def hear(
        self, path: str, body: Json | None = None, method: str = "POST", **headers: str
    ) -> list[Heard]:
        """All events of a stream."""
        async with self.streaming(path, body, method, **headers) as stream:
            return await stream.events()

    async def say(self, message: str, place: str | None = None, **more: Any) -> list[Heard]:
        """Say something in a conversation, or in a new one, and hear the reply."""
        body = {"message": message, "conversation_id": place, "model": QUICK, **more}
        return await self.hear(STREAM, body)

    async def ticket(self) -> str:
        return (await self.ask("POST", "/api/v1/auth/ticket")).body["ticket"]


@asynccontextmanager
async def signed_in(url: str) -> AsyncIterator[Person]:
    """A user of one's own, known by an access token."""
    name = f"guest-{secrets.token_hex(6)}"
    async with aiohttp.ClientSession(url) as session:
        person = Person(session, {})
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        registered = await person.ask("POST", "/api/v1/auth/register", account)
        assert registered.status == 201, registered
        login = {"username": name, "password": PASSWORD}
        grant = (await person.ask("POST", "/api/v1/auth/login", login)).body
        person.headers["Authorization"] = f"Bearer {grant['access_token']}"
        yield person


def text_of(heard: list[Heard]) -> str:
    """What the chunks say."""
    return "".join(one.event["content"] for one in heard if one.event["type"] == "chunk")


def place_of(heard: list[Heard]) -> str:
    """The conversation in which it was said."""
    return heard[0].event["conversation_id"]
