"""Socket.IO before a real engine and on a real socket, without a store and its accounts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import socketio

from sluice.core.commands import Place, Principal
from sluice.core.errors import SluiceError, Unauthorized
from sluice.core.runs import Run
from sluice.dialects.chat import DIALECT
from sluice.dialects.chat_socket import EMITTED
from sluice.dialects.emitted import Emitted
from sluice.house import Watch, bounds_of, open_house, plan
from sluice.services.asking import Anybody, Beginning, Request, Rules
from sluice.services.chat import Chat
from sluice.services.identity import Credentials
from sluice.services.limits import Limits, Rate
from sluice.services.windows import MovingWindows
from sluice.transports.asgi import App, Receive, Scope, Send
from sluice.transports.entry import Entry
from sluice.transports.gate import Gate, Policy
from sluice.transports.pulse import Pulse
from sluice.transports.router import Router, Way
from sluice.transports.server import Server, listen
from sluice.transports.socketio import SocketIO
from sluice.transports.sse import EventStream
from tests.transports.driver import settings

Json = dict[str, Any]
QUICK = "demo/n=3,delay=0ms"
SLOW = "demo/n=3,first=0ms,delay=60s"
LAN = Principal(id="u-1", name="lan")


class Names:
    """A `Memory` that keeps nothing but names; beginning waits for `gate`."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.beginning = 0
        self.who: list[Principal] = []

    async def begin(self, id: str, request: Request) -> Beginning:
        self.who.append(request.who)
        self.beginning += 1
        await self.gate.wait()
        self.beginning -= 1
        thread = request.ask.thread
        assert thread is not None
        return Beginning(request.ask.messages, Place("c", id, thread.name or f"made-for-{id}"))

    async def find(self, id: str) -> Run | None:
        return None


class Door:
    """A `Doorman` and a `Standing`: it knows `good` at once, and `slow` when asked; all others are
    no good. `lapse` ends what it has let in.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.watched: list[Callable[[], None]] = []

    def known(self, given: Credentials, stranger: Principal) -> Principal | SluiceError | None:
        found = {"good": LAN, "slow": None}.get(given.bearer or "", Unauthorized("No good."))
        if isinstance(found, Principal):
            return msgspec.structs.replace(stranger, id=found.id, name=found.name)
        return found

    async def identify(self, given: Credentials, stranger: Principal) -> Principal | SluiceError:
        self.asked.set()
        await self.answer.wait()
        return LAN

    def began(self, given: Credentials, run: str) -> None:
        pass

    def watch(self, who: Principal, lapsed: Callable[[], None]) -> Callable[[], None]:
        self.watched.append(lapsed)
        return lambda: self.watched.remove(lapsed)

    def lapse(self) -> None:
        for lapsed in list(self.watched):
            lapsed()


class Talker(socketio.AsyncClient):
    """A client that keeps what it hears."""

    def __init__(self, **options: Any) -> None:
        super().__init__(reconnection=False, logger=False, **options)
        self.said: list[tuple[str, Json]] = []
        self.news = asyncio.Event()
        self.on("*", self._hear)

    async def until(self, name: str, times: int = 1) -> list[Json]:
        """Wait until there have been so many events of this name; returns them."""
        while len(found := self.heard(name)) < times:
            self.news.clear()
            async with asyncio.timeout(20):
                await self.news.wait()
        return found

    def heard(self, name: str) -> list[Json]:
        return [payload for known, payload in self.said if known == name]

    def _hear(self, name: str, payload: Json) -> None:
        self.said.append((name, payload))
        self.news.set()


class Site:
    """The parts, and where they listen."""

    def __init__(self, port: int, chat: Chat, engine: Any, names: Names, door: Door) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.chat = chat
        self.engine = engine
        self.names = names
        self.door = door
        self.io: SocketIO
        self._talkers: list[Talker] = []
        self._session: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        """For those who speak the protocol themselves."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def talk(self, over: str = "websocket", **options: Any) -> Talker:
        """A client that is connected."""
        talker = Talker()
        self._talkers.append(talker)
        await talker.connect(self.url, transports=[over], **options)
        return talker

    async def idle(self) -> None:
        """Wait until no run goes on."""
        while live := self.chat.live():
            await asyncio.wait([run.task for run in live if run.task is not None])

    async def close(self) -> None:
        self.names.gate.set()
        self.door.answer.set()
        for talker in self._talkers:
            await talker.disconnect()
            await talker.shutdown()
        if self._session is not None:
            await self._session.close()


@asynccontextmanager
async def site(
    stall: float = 60.0,
    rate: int = 1000,
    body_limit: int = 1 << 20,
    words: Emitted = EMITTED,
    **given: Any,
) -> AsyncIterator[Site]:
    """The parts on a real socket; no task of them is left behind."""
    before = asyncio.all_tasks()
    known = settings(**given)
    async with AsyncExitStack() as stack:
        house = await open_house(stack, known, plan(known), bounds_of(known), Watch())
        names, door = Names(), Door()
        chat = Chat(
            house.engine, house.catalog, house.flows, house.table.window, Rules(), names, Anybody()
        )
        limits = Limits(MovingWindows(time.monotonic), {"chat_stream": Rate(rate, 60.0)}, None)
        entry = Entry(chat, limits, door, door, body_limit)
        pulse = Pulse(15.0, stall)
        io = SocketIO(words, entry, pulse, time.time)
        app = front(io, entry, pulse, known.allow_anonymous)
        sockets = listen("127.0.0.1", [0])
        server = Server(app, lambda: house.engine.drain(0), body_limit)
        serving = asyncio.create_task(server.serve(sockets=sockets))
        while not server.started:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        found = Site(sockets[0].getsockname()[1], chat, house.engine, names, door)
        found.io = io
        try:
            yield found
        finally:
            await found.close()
            await io.close()
            server.should_exit = True
            await serving
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() - before == set()


def front(io: SocketIO, entry: Entry, pulse: Pulse, anonymous: bool | None) -> App:
    """What stands before: the gate, and the dialect's other addresses."""
    ways = [
        Way(route.method, route.path, EventStream(DIALECT, route, entry, pulse))
        for route in DIALECT.routes
        if route.over == "sse"
    ]

    def generates(path: str) -> bool:
        return path == "/api/chat/stream"

    gate = Gate(
        Router(ways, io, {"/socket.io": io}), Policy(anonymous=anonymous), generates, entry.doorman
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await gate(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return app
