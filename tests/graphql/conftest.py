"""A server, somebody who is signed in, and how they ask GraphQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.clients.person import Answer, Person, signed_in
from tests.conftest import Running

NEWEST = "{my_interactions(limit:1){items{messages{items{status}}}}}"

Ask = Callable[..., Awaitable[Answer]]


@pytest_asyncio.fixture
async def ann(server: Running) -> AsyncIterator[Person]:
    async with signed_in(server.url) as person:
        yield person


@pytest.fixture
def ask(ann: Person) -> Ask:
    async def asked(query: str, **more: Any) -> Answer:
        headers = more.pop("headers", {})
        return await ann.ask("POST", "/graphql", {"query": query, **more}, **headers)

    return asked


async def status(person: Person) -> str:
    """How the newest reply of somebody's stands."""
    answer = await person.ask("POST", "/graphql", {"query": NEWEST})
    (place,) = answer.body["data"]["my_interactions"]["items"]
    return place["messages"]["items"][-1]["status"]


async def ending(person: Person) -> str:
    """The same, once it has ended, which has to be soon."""
    async with asyncio.timeout(30):
        while (found := await status(person)) == "streaming":
            pass  # asking takes its time
    return found
