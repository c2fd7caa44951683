"""The server's composition root: everything is built here and handed over."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig

from sluice.adapters.course import Course, Mishaps
from sluice.adapters.logs import RunLines
from sluice.adapters.metrics import TYPE, Metrics
from sluice.api.errors import bug, ours, theirs
from sluice.api.flows import Flow, flows
from sluice.api.health import Condition, health, metrics, probes
from sluice.api.openapi import document
from sluice.api.pages import docs, pages
from sluice.api.runs import runs
from sluice.core.engine import Bounds
from sluice.core.errors import SluiceError
from sluice.dialects import flows as flows_dialect
from sluice.dialects import query
from sluice.dialects.base import Dialect, Route
from sluice.house import House, Watch, bounds_of, open_house, plan
from sluice.settings import BadSetting, Settings, load
from sluice.transports.asgi import App, Receive, Scope, Send
from sluice.transports.gate import Gate, Policy, is_loopback, networks
from sluice.transports.pulse import Pulse
from sluice.transports.router import Endpoint, Router, Way
from sluice.transports.sse import EventStream
from sluice.transports.websocket import Socket
from sluice.transports.whole import WholeAnswer
from sluice.version import VERSION

DIALECTS: tuple[Dialect, ...] = (query.DIALECT, flows_dialect.DIALECT)
LAG_TICK = 0.5  # seconds between two looks at how late the event loop is

log = logging.getLogger("sluice")


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

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        async with AsyncExitStack() as stack:
            watch = self._watch()
            try:
                self._house = await open_house(
                    stack, self._settings, self._plan, self._bounds, watch
                )
            except BadSetting as problem:  # one that shows only when the model file is opened
                self.refusal = problem
                await send({"type": "lifespan.startup.failed"})
                return
            self._app = self._build(self._house)
            lag = asyncio.create_task(self._watch_the_loop(), name="loop lag")
            stack.callback(lag.cancel)
            self.greet()
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    def _watch(self) -> Watch:
        settings = self._settings
        course = Course(settings.log_content) if settings.enable_logs else None
        return Watch((RunLines(), self._metrics), Mishaps(), course)

    def _build(self, house: House) -> App:
        settings = self._settings
        pulse = Pulse(settings.heartbeat, settings.stall)
        ways = [
            Way("WS" if route.over == "websocket" else route.method, route.path, endpoint)
            for dialect in DIALECTS
            for route in dialect.routes
            for endpoint in (_endpoint(dialect, route, house, pulse),)
        ]
        self._metrics.watch(lambda: _readings(house), house.breakers.states)
        generating = frozenset(way.path for way in ways if way.method == "GET")
        return Gate(Router(ways, self._resources(house)), self._policy, generating)

    def _resources(self, house: House) -> App:
        token = self._settings.metrics_token
        handlers = [
            health(VERSION, lambda: time.monotonic() - self._started, lambda: _conditions(house)),
            *probes(lambda: house.engine.draining),
            metrics(self._metrics.render, TYPE, token.get_secret_value() if token else None),
            *runs(house.chat),
            flows(lambda: [Flow(one.name, one.description) for one in house.flows.listed()]),
        ]
        bare = Litestar(
            handlers, openapi_config=OpenAPIConfig("Sluice", VERSION), logging_config=None
        )
        schema = document(DIALECTS, version=VERSION, extra=bare.openapi_schema.to_schema())
        app: Any = Litestar(
            [*handlers, *docs(schema), pages()],
            openapi_config=None,
            exception_handlers={SluiceError: ours, HTTPException: theirs, Exception: bug},
            logging_config=None,
        )
        return app

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


def _endpoint(dialect: Dialect, route: Route, house: House, pulse: Pulse) -> Endpoint:
    limit = house.settings.body_limit
    match route.over:
        case "sse":
            return EventStream(dialect, route, house.chat, pulse, limit)
        case "json":
            return WholeAnswer(dialect, route, house.chat, limit)
        case "websocket":
            return Socket(dialect, route, house.chat, pulse, time.time)


def _conditions(house: House) -> dict[str, Condition]:
    return {
        name: Condition(one["configured"], one["state"])
        for name, one in house.catalog.health().items()
    }


def _readings(house: House) -> dict[str, float]:
    engine = house.engine
    return {
        "runs_live": engine.live,
        "followers_live": engine.followers,
        "log_memory_bytes": engine.memory,
    }
