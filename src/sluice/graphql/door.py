"""Puts GraphQL together: one address, by HTTP and over a WebSocket."""

from sluice.dialects.base import Dialect
from sluice.graphql.calls import Door, Shelf
from sluice.graphql.documents import Documents
from sluice.graphql.http import Http, Page
from sluice.graphql.operations import Executor
from sluice.graphql.schema import schema
from sluice.graphql.socket import Socket
from sluice.transports.entry import Entry
from sluice.transports.pulse import Pulse
from sluice.transports.router import Way

ADDRESS = "/graphql"


def graphql(
    dialect: Dialect, entry: Entry, pulse: Pulse, shelf: Shelf, page: Page, *, introspection: bool
) -> list[Way]:
    """The routes of `/graphql`. What it begins counts as if begun by the dialect's first route."""
    made = schema()
    documents = Documents(made, introspection=introspection)
    door = Door(entry, dialect, dialect.routes[0])
    executor = Executor(made, documents, door, shelf, hide=not introspection)
    http = Http(executor, pulse, page)
    return [
        Way("GET", ADDRESS, http),
        Way("POST", ADDRESS, http),
        Way("WS", ADDRESS, Socket(executor, pulse)),
    ]
