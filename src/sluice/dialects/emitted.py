"""A dialect over Socket.IO: named events instead of addresses. The names are the dialect's."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from sluice.core.commands import Ask
from sluice.core.events import Event
from sluice.dialects.base import Dialect, Route, RunView


class Emission(NamedTuple):
    """One event for a client: its name, and its payload as JSON."""

    name: str
    payload: bytes


class Return(NamedTuple):
    """A client comes back for the rest of a run, after event number `after`.

    `ask` holds its wishes for the wording, and nothing to be answered.
    """

    run: str
    after: int
    ask: Ask


class Speech(Protocol):
    """One run in this dialect's events; what `Session` is to other transports."""

    def encode(self, event: Event, seq: int) -> Sequence[Emission]:
        """Put one event, the run's `seq`th, into this dialect's words."""
        ...

    def skip(self, event: Event) -> None:
        """Know of an event that the client has heard before."""
        ...


class Emitted(NamedTuple):
    """What a client may emit, and how it is answered.

    `route`         whose requests `ask` takes, and among which they are counted
    `ask`, `cancel`, `resume`, `failed`  names of events
    `read_cancel`   the name of the session in which to stop; it and `read_resume` take a payload,
                    and raise `InvalidRequest`
    """

    dialect: Dialect
    route: Route
    ask: str
    cancel: str
    resume: str
    failed: str
    read_cancel: Callable[[bytes], str]
    read_resume: Callable[[bytes], Return]
    speech: Callable[[RunView, Ask | None], Speech]
