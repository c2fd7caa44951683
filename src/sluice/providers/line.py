"""aiohttp's connections, with an ear: who reads a body is told in the same turn that more has come.

aiohttp wakes a reader by way of a future, a task and four coroutines; at thousands of tokens a
second that costs more than all that is done with them. The rest of it stays as it is: pool, TLS,
parsing, limits. `_factory` is how its connector makes connections, and `_reading_paused` says that
a connection waits for its reader.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler


class KeptConnectionLost(aiohttp.ServerDisconnectedError):
    """A connection kept from an earlier request was lost before an answer had begun.

    A server may close it at the moment in which we use it; llama.cpp does so after every stream.
    That says nothing about the server: the request is to be sent again, over another.
    """


class Line(ResponseHandler):
    """One connection. `listener` is called after each read, and once the connection is lost."""

    listener: Callable[[], None] | None = None
    _requests = 0

    def set_response_params(self, **params: Any) -> None:
        """Called by aiohttp for each request that goes over this connection."""
        self._requests += 1
        super().set_response_params(**params)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - its default is private
        """What whoever waits for the headers of an answer is told."""
        lost = isinstance(exc, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
        super().set_exception(KeptConnectionLost() if lost and self._requests > 1 else exc, *cause)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if data and self.listener is not None:  # with nothing, it is aiohttp that calls itself
            self.listener()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Called after every read of a body. Only where it was paused is there anything to do."""
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self.listener is not None:
            self.listener()


class Connector(aiohttp.TCPConnector):
    """A pool of such connections."""

    def __init__(self, *, keepalive_timeout: float) -> None:
        super().__init__(limit=0, keepalive_timeout=keepalive_timeout)  # pyright: ignore[reportUnknownMemberType]
        self._factory = partial(Line, loop=self._loop)


def line_of(response: aiohttp.ClientResponse) -> Line | None:
    """The connection that a body comes over; None where all of it has come."""
    connection = response.connection
    protocol = None if connection is None else connection.protocol
    return protocol if isinstance(protocol, Line) else None
