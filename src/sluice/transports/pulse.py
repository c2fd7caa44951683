"""One clock for all open streams: tells those that have been silent, and drops those that hang.

A timer of its own for each stream, reset at each token, would cost more than the token.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

TICKS = 8  # looks at a stream within one heartbeat: how exact it is
LONGEST = 1.0  # seconds between two looks, at most


class Line(Protocol):
    """As much of a connection as the pulse needs: `backlog` is bytes that wait for the client."""

    @property
    def backlog(self) -> int: ...
    def abort(self) -> None: ...


class Stream:
    """An open stream, as the pulse sees it. `active`: written to since the last tick."""

    __slots__ = ("_backlog", "_outlet", "_quiet", "_remind", "_stuck", "active")

    def __init__(self, remind: Callable[[], None], outlet: Line) -> None:
        self._remind = remind
        self._outlet = outlet
        self._quiet = 0
        self._stuck = 0
        self._backlog = 0
        self.active = True

    def tick(self, heartbeat: int, stall: int) -> None:
        """A tick has passed; `heartbeat` and `stall` are counted in ticks."""
        backlog = self._outlet.backlog
        taken, self._backlog = backlog < self._backlog, backlog
        self._stuck = self._stuck + 1 if backlog and not taken and not self.active else 0
        if self._stuck >= stall:
            self._outlet.abort()
        self._quiet = 0 if self.active or backlog else self._quiet + 1
        self.active = False
        if self._quiet >= heartbeat:
            self._quiet = 0
            self._remind()


class Pulse:
    """Ticks while there are streams. `heartbeat` and `stall` are seconds."""

    def __init__(self, heartbeat: float, stall: float) -> None:
        self._tick = min(LONGEST, heartbeat / TICKS, stall / TICKS)
        self._heartbeat = math.ceil(heartbeat / self._tick)
        self._stall = math.ceil(stall / self._tick)
        self._streams: set[Stream] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: Stream) -> None:
        self._streams.add(stream)
        if self._timer is None:
            self._wait()

    def remove(self, stream: Stream) -> None:
        self._streams.discard(stream)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick, self._beat)

    def _beat(self) -> None:
        self._timer = None
        for stream in tuple(self._streams):
            stream.tick(self._heartbeat, self._stall)
        if self._streams:
            self._wait()
