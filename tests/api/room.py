"""Resources over a real engine and a real catalog, as whoever a test says that asks."""

import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException

from sluice.adapters.tokenizer import Tokenizer
from sluice.api.errors import bug, ours, theirs
from sluice.core.commands import Ask, Principal
from sluice.core.engine import Bounds, Engine
from sluice.core.errors import SluiceError, Unauthorized
from sluice.core.messages import Message
from sluice.core.ports import Provider
from sluice.core.runs import Run
from sluice.providers.demo import Demo
from sluice.providers.models import ModelTable
from sluice.providers.registry import Catalog, Offer
from sluice.providers.source import Source
from sluice.services.archive import StoredRun
from sluice.services.asking import Anybody, Beginning, Request, Rules
from sluice.services.chat import Chat
from sluice.services.metering import Meter
from sluice.services.replays import revive
from sluice.transports.asgi import VISIT, Receive, Scope, Send, Visit
from tests.providers.speakers import Clock, conduct

STRANGER = Principal(address="192.0.2.1")
ADA = Principal(id="u-ada", name="ada", address="192.0.2.2")
BOB = Principal(id="u-bob", name="bob", address="192.0.2.3")
ROOT = Principal(id="u-root", name="root", admin=True, address="192.0.2.4")
TURNED_AWAY = Principal(welcome=False, address="192.0.2.5")

SLOW = "demo/n=3,first=0ms,delay=60s"
QUICK = "demo/n=3,delay=0ms"


class Flowless:
    """There are no flows."""

    def provider(self, name: str, ask: Ask, who: Principal) -> Provider | None:
        return None


class Remembers:
    """A memory of runs that this process no longer has."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredRun] = {}

    async def begin(self, id: str, request: Request) -> Beginning:
        return Beginning(request.ask.messages)

    async def find(self, id: str) -> Run | None:
        stored = self.stored.get(id)
        return None if stored is None else revive(stored, time.monotonic, time.time)


class Room:
    """What resources stand on; `who` asks from now on, a bad token where it is None."""

    def __init__(self, sources: dict[str, Source], offer: Offer, rules: Rules) -> None:
        clock, table = Clock(), ModelTable()
        self.who: Principal | None = STRANGER
        self.memory = Remembers()
        self.catalog = Catalog(
            sources, offer, table, conduct(clock), list_local=self._local, clock=clock
        )
        self.engine = Engine(
            Meter(Tokenizer(), table, ()),
            Bounds(),
            new_id=lambda: secrets.token_urlsafe(16),
            clock=time.monotonic,
            wall=time.time,
        )
        self.chat = Chat(
            self.engine, self.catalog, Flowless(), table.window, rules, self.memory, Anybody()
        )

    def serve(self, *handlers: Any) -> Callable[..., Any]:
        """Ask these handlers: method, path, and what `httpx` takes."""
        app: Any = Litestar(
            handlers,
            openapi_config=None,
            exception_handlers={SluiceError: ours, HTTPException: theirs, Exception: bug},
            logging_config=None,
        )

        async def gate(scope: Scope, receive: Receive, send: Send) -> None:
            scope[VISIT] = Visit(self.who or Unauthorized(), [])
            await app(scope, receive, send)

        async def ask(method: str, path: str, **given: Any) -> httpx.Response:
            transport = httpx.ASGITransport(gate)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.request(method, path, **given)

        return ask

    async def begin(self, model: str, who: Principal = STRANGER) -> Run:
        """A run that goes on whatever happens."""
        ask = Ask((Message("user", "hi"),), model=model, background=True)
        return await self.chat.start(ask, "query", who)

    async def played(self, model: str, who: Principal = STRANGER) -> Run:
        """A run that has ended."""
        run = await self.begin(model, who)
        assert run.task is not None
        await run.task
        return run

    @staticmethod
    async def _local() -> Sequence[str]:
        return ()


@asynccontextmanager
async def room(
    sources: dict[str, Source] | None = None, offer: Offer | None = None, rules: Rules | None = None
) -> AsyncIterator[Room]:
    """A room with the demo model, unless told; nothing goes on in it afterwards."""
    found = Room(sources or {"demo": Demo()}, offer or Offer(), rules or Rules())
    try:
        yield found
    finally:
        await found.engine.drain(0)
        await found.catalog.close()


async def until_said(run: Run) -> None:
    """Wait until the run has said its first words."""
    follower = run.follow()
    while not run.text:
        await follower.read()
    follower.close()
