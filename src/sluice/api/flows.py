"""Which flows there are."""

from collections.abc import Callable, Sequence

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from sluice.api.documented import refusals


class Flow(msgspec.Struct, frozen=True):
    """A flow: reachable at `/api/flows/{name}`, and by name in `/api/stream/chat`."""

    name: str
    description: str


class FlowList(msgspec.Struct, frozen=True):
    """All flows, by name."""

    flows: list[Flow]


def flows(listed: Callable[[], Sequence[Flow]]) -> HTTPRouteHandler:
    """`GET /api/flows`."""

    @get(
        "/api/flows",
        summary="Which flows there are",
        tags=["flows"],
        responses=refusals(403),
        sync_to_thread=False,
    )
    def show() -> FlowList:
        return FlowList(list(listed()))

    return show
