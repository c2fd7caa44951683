"""One clock for all open streams: tells those that have been silent, and drops those that hang.

A timer of its own for each stream, reset at each token, would cost more than the token.
"""

import asyncio
import math
from collections.abc import Callable

TICKS = 8  # looks at a stream within one heartbeat: how exact it is
LONGEST = 1.0  # seconds between two looks, at most


class Stream:
    """What the pulse sees of an open stream.

    `active`   something was written since the last tick; the transport sets it
    `sending`  the transport waits for the client to accept what was written
    """

    __slots__ = ("_hang_up", "_quiet", "_remind", "_stuck", "active", "sending")

    def __init__(self, remind: Callable[[], None], hang_up: Callable[[], None]) -> None:
        self._remind = remind
        self._hang_up = hang_up
        self._quiet = 0
        self._stuck = 0
        self.active = True
        self.sending = False

    def tick(self, heartbeat: int, stall: int) -> None:
        """A tick has passed; `heartbeat` and `stall` are counted in ticks."""
        if self.active:
            self.active, self._quiet, self._stuck = False, 0, 0
            return
        self._quiet += 1
        self._stuck = self._stuck + 1 if self.sending else 0
        if self._stuck >= stall:
            self._hang_up()
        elif self._quiet >= heartbeat and not self.sending:
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
