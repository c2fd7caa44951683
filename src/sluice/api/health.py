"""How the server does: for people, for orchestrators, and for Prometheus."""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_address

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from sluice.api.documented import only
from sluice.api.errors import AnyRequest, visit_of
from sluice.core.errors import Unauthorized

PROMETHEUS = ResponseSpec(
    str, generate_examples=False, description="The figures", media_type="text/plain"
)


class Condition(msgspec.Struct, frozen=True):
    """A provider. `state` is what real traffic has shown: `ok`, `failing` or `unknown`."""

    configured: bool
    state: str


class Health(msgspec.Struct, frozen=True):
    """`degraded` where a configured provider is failing; `uptime` is seconds."""

    status: str
    version: str
    uptime: float
    providers: dict[str, Condition]


class Ready(msgspec.Struct, frozen=True):
    """`ready`; `draining` while the server goes down; `store unreachable`."""

    status: str


def health(
    version: str, uptime: Callable[[], float], providers: Callable[[], Mapping[str, Condition]]
) -> HTTPRouteHandler:
    """`GET /health`: never asks a provider, never shows a key."""

    @get(
        "/health",
        summary="How the server and its providers do",
        tags=["health"],
        responses=only(403, 500),
        sync_to_thread=False,
    )
    def show() -> Health:
        found = dict(providers())
        failing = any(one.configured and one.state == "failing" for one in found.values())
        return Health("degraded" if failing else "healthy", version, round(uptime(), 3), found)

    return show


def probes(
    draining: Callable[[], bool], reachable: Callable[[], Awaitable[bool]]
) -> Sequence[HTTPRouteHandler]:
    """`GET /livez` and `GET /readyz`, for orchestrators and load balancers."""

    @get(
        "/livez",
        summary="The process is alive",
        tags=["health"],
        responses=only(500),
        sync_to_thread=False,
    )
    def live() -> Ready:
        return Ready("alive")

    @get(
        "/readyz",
        summary="The server takes new runs",
        tags=["health"],
        responses=only(500) | only(503, body=Ready),
    )
    async def ready() -> Response[Ready]:
        if draining():
            return Response(Ready("draining"), status_code=503)
        if not await reachable():
            return Response(Ready("store unreachable"), status_code=503)
        return Response(Ready("ready"))

    return live, ready


def metrics(render: Callable[[], bytes], kind: str, token: str | None) -> HTTPRouteHandler:
    """`GET /metrics`: for this machine, and elsewhere for who has the token."""

    @get(
        "/metrics",
        summary="Prometheus metrics",
        tags=["health"],
        responses=only(401, 403, 500) | {200: PROMETHEUS},
        sync_to_thread=False,
    )
    def show(request: AnyRequest) -> Response[bytes]:
        if not _may_see(request, token):
            raise Unauthorized("Metrics are for this machine, or for the bearer of their token.")
        return Response(render(), headers={"Content-Type": kind})

    return show


def _may_see(request: AnyRequest, token: str | None) -> bool:
    given = request.headers.get("authorization", "")
    if token is not None and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    visit = visit_of(request)
    try:
        return visit.who.direct and ip_address(visit.who.address).is_loopback
    except ValueError:
        return False
