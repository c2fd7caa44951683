"""The server's composition root: everything is built here and handed over."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from sluice.adapters.course import Course, Mishaps
from sluice.adapters.logs import RunLines
from sluice.adapters.metrics import Metrics
from sluice.core.engine import Bounds
from sluice.house import House, Watch, bounds_of, open_house, plan
from sluice.people import gather
from sluice.resources import Parts, library
from sluice.routes import build, rates_of
from sluice.services.checkpoints import Checkpoints
from sluice.settings import BadSetting, Settings, load
from sluice.storage import Upkeep, open_storage
from sluice.transports.asgi import App, Receive, Scope, Send
from sluice.transports.gate import Policy, is_loopback, networks

LAG_TICK = 0.5  # seconds between two looks at how late the event loop is


class Application:
    """The whole server as one ASGI application; its parts are there from startup to shutdown.

    Raises `BadSetting`, and `BadFlow` where a flow cannot be loaded.
    """

    def __init__(self, settings: Settings, bounds: Bounds) -> None:
        self._settings = settings
        self._bounds = bounds
        self._plan = plan(settings)
        self._policy = policy_of(settings)
        self._metrics = Metrics()
        self._started = time.monotonic()
        self.greet: Callable[[], None] = lambda: None  # called once everything stands
        self.refusal: BadSetting | None = None  # why it did not start
        self._house: House | None = None
        self._app: App | None = None
        self._close: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            assert self._app is not None, "requests come after startup"
            await self._app(scope, receive, send)

    @property
    def house(self) -> House:
        """The parts; from startup on."""
        assert self._house is not None, "the application has not been started"
        return self._house

    async def drain(self) -> None:
        """Take no new runs, and let those that go on finish for as long as they may."""
        await self.house.engine.drain(self._settings.drain)
        if self._close is not None:
            await self._close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        async with AsyncExitStack() as stack:
            try:
                self._app = await self._open(stack)
            except BadSetting as problem:  # one that shows only when files are opened
                self.refusal = problem
                await send({"type": "lifespan.startup.failed"})
                return
            self.greet()
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self, stack: AsyncExitStack) -> App:
        """Open everything, in the order in which each needs the others. Raises `BadSetting`."""
        storage = await stack.enter_async_context(open_storage(self._settings))
        self._house = house = await open_house(
            stack, self._settings, self._plan, self._bounds, self._watch(), storage.store
        )
        keeping = library(house, storage)
        upkeep = Upkeep(storage, house, keeping)
        await upkeep.mend()
        people = await gather(
            stack, self._settings, storage.database, storage.store.secret, house.chat.evict
        )
        self._metrics.watch(lambda: _readings(house), house.breakers.states)
        checkpoints = Checkpoints(storage.store.archive, house.chat.live)
        await people.watchman.look()
        for work in (
            self._watch_the_loop(),
            checkpoints.watch(),
            people.watchman.live(),
            upkeep.keep(),
        ):
            stack.push_async_callback(_end, asyncio.create_task(work, name=work.__qualname__))
        rates = rates_of(self._settings)
        parts = Parts(house, storage, people, keeping, self._metrics, rates, self._started)
        site = build(parts, self._policy)
        stack.push_async_callback(site.close)
        self._close = site.close
        return site.app

    def _watch(self) -> Watch:
        settings = self._settings
        course = Course(settings.log_content) if settings.enable_logs else None
        return Watch((RunLines(), self._metrics), Mishaps(), course)

    async def _watch_the_loop(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_TICK)
            self._metrics.lag(max(0.0, time.monotonic() - before - LAG_TICK))


def create_app(settings: Settings | None = None) -> Application:
    """The server as an ASGI application, for `sluice serve` or a server of your own.

    Raises `BadSetting`, and `BadFlow`.
    """
    settings = settings or load()
    return Application(settings, bounds_of(settings))


def policy_of(settings: Settings) -> Policy:
    """Who may come in. Raises `BadSetting`."""
    try:
        proxies = networks(settings.trusted_proxies)
    except ValueError as problem:
        raise BadSetting(f"SLUICE_TRUSTED_PROXIES: {problem}") from None
    return Policy(
        loopback=is_loopback(settings.host),
        hosts=frozenset(name.lower() for name in settings.allowed_hosts),
        origins=frozenset(settings.cors_origins),
        proxies=proxies,
        anonymous=settings.allow_anonymous,
    )


async def _end(task: "asyncio.Task[None]") -> None:
    """Stop what goes on beside the requests."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _readings(house: House) -> dict[str, float]:
    engine = house.engine
    return {
        "runs_live": engine.live,
        "followers_live": engine.followers,
        "log_memory_bytes": engine.memory,
    }
