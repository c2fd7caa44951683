"""`GET /api/stream/health`: whether interactions can be served. Open to everybody."""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from sluice.api.documented import only

SERVICE = "interaction-streaming"


class InteractionHealth(msgspec.Struct, frozen=True):
    """`degraded` where the store cannot be reached; `timestamp` is epoch seconds."""

    status: Literal["healthy", "degraded"]
    timestamp: float
    service: Literal["interaction-streaming"] = SERVICE


def interactions_health(
    reachable: Callable[[], Awaitable[bool]], wall: Callable[[], float]
) -> HTTPRouteHandler:
    """`reachable` tells whether everything that an interaction needs answers."""

    @get(
        "/api/stream/health",
        summary="Whether interactions can be served",
        tags=["interactions"],
        responses=only(403, 429, 500) | only(503, body=InteractionHealth),
    )
    async def show() -> Response[InteractionHealth]:
        well = await reachable()
        found = InteractionHealth("healthy" if well else "degraded", wall())
        return Response(found, status_code=200 if well else 503)

    return show
