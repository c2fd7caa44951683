"""Puts the parts together that a server and a Python client share: providers, engine, accounts."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import random
from typing import TypeVar

import aiohttp
import msgspec
from pydantic import SecretStr

from sluice.adapters.gguf import open_gguf
from sluice.adapters.tokenizer import Tokenizer
from sluice.core.engine import Bounds, Engine
from sluice.core.errors import InvalidRequest
from sluice.core.ports import Settle
from sluice.core.saying import Chronicle
from sluice.flows.registry import Registry, discover
from sluice.providers import overrides
from sluice.providers.anthropic import Anthropic
from sluice.providers.backoff import Backoff
from sluice.providers.breaker import Breakers
from sluice.providers.conduct import Conduct, Nobody, Observer
from sluice.providers.demo import Demo
from sluice.providers.gemini import Gemini
from sluice.providers.health import Health
from sluice.providers.http import HttpSource, list_models, open_session
from sluice.providers.langchain import ChatModel, LangChain
from sluice.providers.langchain_models import load as load_langchain
from sluice.providers.local import Local
from sluice.providers.models import ModelTable
from sluice.providers.naming import bare
from sluice.providers.openai import OpenAI
from sluice.providers.registry import Catalog, Offer
from sluice.providers.script import parse
from sluice.providers.source import Source
from sluice.providers.wire import Wire
from sluice.services.archive import Archive
from sluice.services.asking import Anybody, Forgetful, Guests, Memory, Rules
from sluice.services.chat import Chat
from sluice.services.guests import PlacesPerCaller
from sluice.services.ledger import Ledger
from sluice.services.media.illustrating import Illustrating
from sluice.services.metering import Meter, Record
from sluice.services.recalling import Recalling, Recollection
from sluice.services.recorder import Keeping, Recorder
from sluice.services.scopes import Scopes
from sluice.services.settling import Settling
from sluice.settings import BadSetting, Settings, env_name
from sluice.terms import answers_of, tariff_of
from sluice.transports.gate import is_loopback

Book = Callable[[Record], None]
Parsed = TypeVar("Parsed")


class Plan(msgspec.Struct, frozen=True):
    """What the settings say, understood, before anything is opened."""

    table: ModelTable
    offer: Offer
    flows: Registry
    langchain: dict[str, ChatModel]


class Watch(msgspec.Struct, frozen=True):
    """Who is told what happens: of each run's end, of mishaps on the way, of each run's course."""

    books: Sequence[Book] = ()
    observer: Observer = Nobody()
    chronicle: Chronicle | None = None


class Store(msgspec.Struct, frozen=True):
    """What a server keeps things with.

    `scopes`  tell whose a session is
    `server`  by which its runs are known after a crash; `secret` is 32 bytes or more
    `recollection`  finds earlier turns by their words
    """

    archive: Archive
    ledger: Ledger
    scopes: Scopes
    illustrating: Illustrating
    server: str
    secret: bytes
    recollection: Recollection | None = None


class House(msgspec.Struct, frozen=True):
    """The parts, ready for use."""

    settings: Settings
    catalog: Catalog
    breakers: Breakers
    engine: Engine
    chat: Chat
    flows: Registry
    tokenizer: Tokenizer
    table: ModelTable
    rules: Rules


def plan(settings: Settings) -> Plan:
    """Understand the settings. Raises `BadSetting`, and `BadFlow` where a flow cannot be loaded."""
    langchain = _read("langchain", load_langchain, settings.langchain)
    return Plan(_table(settings), _offer(settings, langchain), discover(settings.flows), langchain)


async def open_house(
    stack: AsyncExitStack,
    settings: Settings,
    plan: Plan,
    bounds: Bounds,
    watch: Watch,
    store: Store | None = None,
) -> House:
    """Open everything, in the running loop; `stack` closes it again, runs first."""
    table, flows = plan.table, plan.flows
    gguf = await open_gguf(stack, settings.gguf)
    session = await stack.enter_async_context(open_session())
    breakers = Breakers(settings.breaker_failures, settings.breaker_cooldown, time.monotonic)
    catalog = Catalog(
        _sources(settings, session, gguf, plan.langchain),
        plan.offer,
        table,
        _conduct(settings, breakers, watch.observer),
        list_local=_lister(settings, session),
        clock=time.monotonic,
    )
    stack.push_async_callback(catalog.close)
    tokenizer = Tokenizer()
    settle: Settle = Meter(tokenizer, table, watch.books)
    if store is not None:
        tariff = tariff_of(settings)
        settle = Settling(settle, store.archive, store.ledger, store.server, time.time, tariff)
    engine = Engine(
        settle,
        bounds,
        new_id=lambda: secrets.token_urlsafe(16),
        clock=time.monotonic,
        wall=time.time,
        chronicle=watch.chronicle,
    )
    memory, guests = _remembering(stack, settings, store, engine)
    stack.push_async_callback(engine.drain, 0)
    rules = _rules(settings, catalog)
    chat = Chat(engine, catalog, flows, table.window, rules, memory, guests, answers_of(settings))
    flows.attach(chat)
    return House(settings, catalog, breakers, engine, chat, flows, tokenizer, table, rules)


def _remembering(
    stack: AsyncExitStack, settings: Settings, store: Store | None, engine: Engine
) -> tuple[Memory, Guests]:
    """A server remembers, and does not let one caller have it all; a Python client need not."""
    if store is None:
        return Forgetful(), Anybody()
    recorder = Recorder(
        store.archive,
        store.ledger,
        engine,
        store.scopes,
        Keeping(
            store.server,
            settings.daily_tokens,
            settings.context_messages,
            settings.busy_conversations == "wait",
            tariff_of(settings),
        ),
        store.illustrating,
        _recalling(settings, store),
        clock=time.monotonic,
        wall=time.time,
    )
    stack.push_async_callback(store.ledger.close)
    stack.push_async_callback(recorder.close)
    most = settings.max_runs_per_user
    return recorder, PlacesPerCaller(lambda who: most if who.max_runs is None else who.max_runs)


def _recalling(settings: Settings, store: Store) -> Recalling | None:
    if store.recollection is None:
        return None
    return Recalling(store.recollection, settings.recall_tokens)


def bounds_of(settings: Settings) -> Bounds:
    """A server's bounds."""
    return Bounds(
        grace=settings.disconnect_grace,
        retention=settings.run_retention,
        timeout=settings.run_timeout,
        run_memory=settings.run_memory,
        log_memory=settings.log_memory,
        max_runs=settings.max_runs,
    )


def _rules(settings: Settings, catalog: Catalog) -> Rules:
    """What may be asked for. The demo, where nobody asked for it, is for this machine alone."""
    others = any(one["configured"] for name, one in catalog.health().items() if name != "demo")
    nearby = ("demo",) if settings.demo is None and others else ()
    strangers = settings.anonymous_models
    return Rules(settings.max_tokens, settings.default_max_tokens, strangers, nearby)


def _conduct(settings: Settings, breakers: Breakers, observer: Observer) -> Conduct:
    backoff = Backoff(settings.retries, settings.retry_delay, settings.retry_delay_max)
    return Conduct(backoff, breakers, Health(), asyncio.sleep, random, observer)


def _table(settings: Settings) -> ModelTable:
    return ModelTable(
        _read("prices", overrides.prices, settings.prices),
        _read("context_windows", overrides.windows, settings.context_windows),
        settings.reasoning_models,
        _read("patience", overrides.patience, settings.patience),
        settings.vision_models,
    )


def _offer(settings: Settings, langchain: Iterable[str]) -> Offer:
    try:
        for model in settings.fallbacks:
            if model.startswith("demo/"):
                parse(bare(model))
    except InvalidRequest as problem:
        raise BadSetting(f"SLUICE_FALLBACKS: {problem.message}") from None
    return Offer(
        default_model=settings.default_model,
        defaults={
            "openai": settings.openai_model,
            "gemini": settings.gemini_model,
            "anthropic": settings.anthropic_model,
            "local": settings.local_model,
            "gguf": Path(settings.gguf).stem if settings.gguf else None,
            "langchain": next(iter(langchain), None),
        },
        aliases=_read("model_aliases", overrides.aliases, settings.model_aliases),
        allowed=settings.allowed_models,
        fallbacks=settings.fallbacks,
        listed=tuple(f"langchain/{name}" for name in langchain),
    )


def _sources(
    settings: Settings,
    session: aiohttp.ClientSession,
    gguf: str | None,
    langchain: dict[str, ChatModel],
) -> dict[str, Source]:
    """Every configured provider; the demo where it is wanted, or nothing else is there."""
    wires: dict[str, Wire] = {}
    if settings.openai_api_key:
        wires["openai"] = OpenAI(settings.openai_base_url, _plain(settings.openai_api_key))
    if settings.gemini_api_key:
        wires["gemini"] = Gemini(settings.gemini_base_url, _plain(settings.gemini_api_key))
    if settings.anthropic_api_key:
        key = _plain(settings.anthropic_api_key)
        wires["anthropic"] = Anthropic(settings.anthropic_base_url, key)
    if settings.local_llm_url:
        wires["local"] = Local(settings.local_llm_url, _plain(settings.local_api_key))
    if gguf is not None:
        wires["gguf"] = Local(gguf, None)
    sources: dict[str, Source] = {name: HttpSource(wire, session) for name, wire in wires.items()}
    if langchain:
        sources["langchain"] = LangChain(langchain)
    wanted = settings.demo if settings.demo is not None else is_loopback(settings.host)
    if wanted or not sources:
        sources["demo"] = Demo()
    return sources


def _lister(
    settings: Settings, session: aiohttp.ClientSession
) -> Callable[[], Awaitable[Sequence[str]]]:
    async def names() -> Sequence[str]:
        if settings.local_llm_url is None:
            return ()
        return await list_models(session, settings.local_llm_url, _plain(settings.local_api_key))

    return names


def _plain(key: SecretStr | None) -> str | None:
    return key.get_secret_value() if key is not None else None


def _read(field: str, parse: Callable[[Sequence[str]], Parsed], items: Sequence[str]) -> Parsed:
    try:
        return parse(items)
    except ValueError as problem:
        raise BadSetting(f"{env_name(field)}: {problem}") from None
