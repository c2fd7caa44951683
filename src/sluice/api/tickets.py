"""Tickets, for `EventSource` and `WebSocket` clients that can set no header."""

from collections.abc import Callable

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from sluice.api.bodies import member
from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest
from sluice.core.commands import Principal


class Ticket(msgspec.Struct, frozen=True):
    """What stands as `?ticket=…` in one address, once, within 30 seconds."""

    ticket: str


def tickets(issue: Callable[[Principal], str]) -> HTTPRouteHandler:
    """`POST /api/v1/auth/ticket`."""

    @post(
        "/api/v1/auth/ticket",
        status_code=200,
        summary="A ticket for an EventSource or a WebSocket",
        description="Good for 30 seconds, for one `GET` stream or WebSocket of any dialect, and "
        "for coming back to the run that this begins.",
        tags=["accounts"],
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
        sync_to_thread=False,
    )
    def make(request: AnyRequest) -> Ticket:
        _, who = member(request)
        return Ticket(issue(who))

    return make
