"""Asking with a key that nobody knows: once, for real, and without a trace."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from speakers import PROMPT, Clock, Notes, Says, conduct
from stub import END, HEAD, Line, reply, say, stub

from sluice.core.errors import (
    ProviderAuth,
    ProviderError,
    ProviderNotConfigured,
    ProviderUnavailable,
)
from sluice.core.events import Attempt, Event, Finished, TextDelta
from sluice.providers.anthropic import Anthropic
from sluice.providers.demo import Demo
from sluice.providers.gemini import Gemini
from sluice.providers.http import HttpSource, open_session
from sluice.providers.local import Local
from sluice.providers.models import ModelTable
from sluice.providers.openai import OpenAI
from sluice.providers.registry import Catalog, Offer
from sluice.providers.source import Source
from sluice.providers.spoilt import SPOILT
from sluice.providers.wire import Wire

KEY = "sk-the-real-one-0123456789"
OFFER = Offer(defaults={"openai": "gpt-4o-mini"}, fallbacks=("gemini/gemini-9",))
REFUSED = reply(
    "401 Unauthorized",
    b'{"error":{"message":"Incorrect API key provided: %b","code":"invalid_api_key"}}'
    % SPOILT.encode(),
    "Content-Type: application/json",
)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


async def nothing() -> list[str]:
    return []


def catalog(notes: Notes, **sources: Source) -> Catalog:
    clock = Clock()
    return Catalog(
        sources, OFFER, ModelTable(), conduct(clock, notes), list_local=nothing, clock=clock
    )


async def hear(models: Catalog, model: str) -> tuple[list[Event], ProviderError | None, list[str]]:
    """What the model says and how it fails when its key is spoilt, and what was asked."""
    said: list[Event] = []
    attempts: list[Attempt] = []
    spoilt = models.spoilt(await models.resolve(model, None))
    try:
        await spoilt.provider.generate(PROMPT, attempts, said.extend)
    except ProviderError as error:
        return said, error, [f"{one.model} {one.outcome}" for one in attempts]
    return said, None, [f"{one.model} {one.outcome}" for one in attempts]


async def test_the_providers_own_refusal_comes_back_and_leaves_no_mark(
    session: aiohttp.ClientSession,
) -> None:
    notes = Notes()
    async with stub(REFUSED) as provider:
        models = catalog(
            notes, openai=HttpSource(OpenAI(provider.url, KEY), session), gemini=Says()
        )
        for _ in range(6):  # a breaker would open at the fifth failure
            said, error, asked = await hear(models, "openai/gpt-4o")
            assert isinstance(error, ProviderAuth)
            assert (said, asked) == ([], ["openai/gpt-4o provider_auth"])

    assert len(provider.requests) == 6  # no repetition
    for head, body in provider.requests:
        assert f"authorization: bearer {SPOILT}".encode() in head.lower()
        assert KEY.encode() not in head + body
    assert SPOILT not in error.message
    assert notes.said == []
    assert models.health()["openai"]["state"] == "unknown"
    assert all(one.available for one in await models.models())


@pytest.mark.parametrize("answer", [reply("503 Service Unavailable"), reply("500 Oops")])
async def test_nobody_is_asked_again_and_nobody_else(
    session: aiohttp.ClientSession, answer: Line
) -> None:
    other = Says()
    async with stub(answer) as provider:
        models = catalog(
            Notes(), openai=HttpSource(OpenAI(provider.url, KEY), session), gemini=other
        )
        _, error, asked = await hear(models, "openai/gpt-4o")

    assert isinstance(error, ProviderUnavailable)
    assert asked == ["openai/gpt-4o provider_unavailable"]
    assert (len(provider.requests), other.asked) == (1, [])


async def test_a_server_that_takes_any_key_answers(session: aiohttp.ClientSession) -> None:
    lines = (HEAD, say("hi"), say(finish="stop"), say(usage={}), END)
    async with stub(*lines) as provider:
        models = catalog(Notes(), local=HttpSource(Local(provider.url, KEY), session))
        said, error, asked = await hear(models, "local/m")

    assert (said[0], type(said[-1]), error) == (TextDelta("hi"), Finished, None)
    assert asked == ["local/m ok"]


@pytest.mark.parametrize("model", ["demo", "demo/n=3,delay=0ms", "local/m"])
async def test_where_no_key_is_needed_it_is_we_who_refuse(
    session: aiohttp.ClientSession, model: str
) -> None:
    local = HttpSource(Local("http://127.0.0.1:9/v1", None), session)
    said, error, asked = await hear(catalog(Notes(), local=local, demo=Demo()), model)

    assert isinstance(error, ProviderAuth)
    assert (said, asked) == ([], [])


async def test_where_the_demo_answers_to_every_name_it_refuses_to_every_name() -> None:
    said, error, asked = await hear(catalog(Notes(), demo=Demo()), "openai/gpt-4o")
    assert isinstance(error, ProviderAuth)
    assert (said, asked) == ([], [])


async def test_what_is_not_configured_still_is_not() -> None:
    _, error, asked = await hear(catalog(Notes(), openai=Says()), "anthropic/claude-x")
    assert isinstance(error, ProviderNotConfigured)
    assert asked == []


@pytest.mark.parametrize("kind", [OpenAI, Gemini, Anthropic, Local])
def test_only_the_key_of_a_request_is_another(kind: type[OpenAI | Gemini | Anthropic]) -> None:
    wire: Wire = kind("http://127.0.0.1:9/v1", KEY)
    spoilt = wire.spoilt()
    assert spoilt is not None
    asked, shown = wire.request(PROMPT), spoilt.request(PROMPT)
    headers = {name: text.replace(KEY, SPOILT) for name, text in asked.headers.items()}

    assert (shown.url, shown.body, shown.headers) == (asked.url, asked.body, headers)
    assert headers != asked.headers
    assert SPOILT not in spoilt.refusal(400, {}, SPOILT.encode()).message
    assert kind("http://127.0.0.1:9/v1", None).spoilt() is None
