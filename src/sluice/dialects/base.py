"""What a dialect is: routes, how their requests read, and a session that words the answer."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from sluice.core.commands import Ask, Attach, Cancel, Place
from sluice.core.errors import SluiceError
from sluice.core.events import Event, Failed, Finished

NOTHING: Mapping[str, str] = MappingProxyType({})


class Inbound(NamedTuple):
    """One thing a client said: a whole HTTP request, or one WebSocket message."""

    body: bytes = b""
    path: Mapping[str, str] = NOTHING
    query: Mapping[str, str] = NOTHING


class RunView(Protocol):
    """What a session may see of the run whose events it words."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str:
        """The answer so far; the whole of it once the run has ended."""
        ...

    @property
    def place(self) -> Place | None:
        """Where the reply is kept."""
        ...

    @property
    def owner(self) -> str | None:
        """The id of whose it is; None for a stranger's."""
        ...

    @property
    def user(self) -> str:
        """The name of whose it is; "" for a stranger's."""
        ...

    @property
    def first_token(self) -> float | None: ...

    @property
    def ended_at(self) -> float:
        """When it ended, in epoch seconds; 0 while it goes on."""
        ...


class Session(Protocol):
    """One answer's worth of a dialect. Made afresh for each follower, so it may remember.

    A frame is one JSON document, compact, UTF-8. A follower that joins late is given the events
    before its position too, and what it says of them is thrown away: so it always knows its state.
    """

    def encode(self, event: Event) -> Sequence[bytes]:
        """Put one event into this dialect's words: no frame, one, or several."""
        ...


class Answer(Protocol):
    """How a JSON route words the end of a run."""

    def __call__(self, run: RunView, ending: Finished) -> bytes: ...


class Doc(NamedTuple):
    """What a route's documentation needs beside the types.

    `request`   the struct of the body, or of the query parameters of a `GET`
    `events`    the structs of the stream's events, in the order in which they come
    `response`  the struct of the JSON answer
    """

    summary: str
    request: type | None = None
    events: tuple[type, ...] = ()
    response: type | None = None
    description: str = ""


class Route(NamedTuple):
    """One address of a dialect.

    `read`     understands a request; raises `InvalidRequest` naming the field
    `session`  words a run for a stream (`sse`, `websocket`)
    `answer`   words a run's end for a `json` route
    `done`     what an SSE stream says after its last event, without an id
    `ids`      an SSE stream's events carry ids, by which a client comes back
    `whole`    whether a request of an `sse` route that has an `answer` too is to be answered whole
    `limit`    the bucket in which its requests are counted; "": one of its own
    """

    over: Literal["sse", "websocket", "json"]
    method: str
    path: str
    read: Callable[[Inbound], Ask | Cancel | Attach]
    doc: Doc
    session: Callable[[RunView, Ask | None], Session] | None = None
    answer: Answer | None = None
    done: bytes = b""
    limit: str = ""
    ids: bool = True
    whole: Callable[[Inbound], bool] | None = None

    @property
    def bucket(self) -> str:
        """Where its requests are counted."""
        return self.limit or self.path


class Dialect(NamedTuple):
    """A chat API.

    `refuse`          words an error that comes before the run: the body of a 4xx or 5xx
    `failure`         words an error as a stream's event, for what fails before there is a run (a
                      message on a WebSocket); `at` is epoch seconds
    `invalid_status`  what this API answers to invalid input: 400 or 422
    `members`         it is for signed-in users only
    """

    name: str
    routes: tuple[Route, ...]
    refuse: Callable[[SluiceError], bytes]
    failure: Callable[[Failed, str | int | None], bytes]
    invalid_status: int = 422
    members: bool = False
