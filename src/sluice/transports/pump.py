"""One follower's events on their way to one client, as server-sent events.

Called by the run as it grows, it writes at once: no task, queue or future stands between the log
and the connection. What a slow client cannot take stays in the log until it can.
"""

import asyncio
from collections.abc import Callable, Sequence

from sluice.core.errors import RunExpired, Unauthorized
from sluice.core.events import Event, Failed
from sluice.core.runs import Follower, Run
from sluice.dialects.base import Route, Session
from sluice.transports.outlet import Outlet
from sluice.transports.pulse import Stream

Failure = Callable[[Failed, str | int | None], bytes]

KEEP_ALIVE = b": keep-alive\n\n"
SEGMENT = 1200  # bytes of events that may share a write: many clients parse each read by itself
BURST = 24 << 10  # bytes that may leave within one breath: far less than a client takes at a read
FIRST = 2 << 10  # bytes in the first: Chromium reads no more than 4 KiB together with the headers
BREATH = 0.02  # seconds


class Pump:
    """Words a run's events and writes them. The route's `done` comes after the last, without an id.

    `ended` is set once the client has gone, or everything has been said but for the `last` write:
    that goes out together with the end of the response.
    """

    __slots__ = (
        "_burst", "_burst_began", "_done", "_follower", "_id", "_ids", "_loop", "_outlet", "_retry",
        "_run", "_session", "_turn", "_waiting", "ended", "gone", "last", "stream",
    )  # fmt: skip

    def __init__(
        self, run: Run, follower: Follower, session: Session, route: Route, outlet: Outlet
    ) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.gone = False
        self.last = b""
        self.stream = Stream(self.remind, outlet)
        self._run = run
        self._follower = follower
        self._session = session
        self._done = b"data: %b\n\n" % route.done if route.done else b""
        self._ids = route.ids
        self._outlet = outlet
        self._loop = loop
        self._id = run.id.encode()
        self._retry = b"retry: 1000\n"
        self._waiting: list[bytes] = []  # writes whose turn has not come
        self._turn = False  # and will come in the loop's next turn, or after a breath
        self._burst = BURST - FIRST  # bytes since the last look at the clock
        self._burst_began = loop.time()

    def hear(self, events: Sequence[Event]) -> None:
        """The run has said this: pass it on at once where the client is level with it."""
        follower = self._follower
        seq = follower.position
        level = seq + len(events) == self._run.said
        if not level or not events or self._waiting or self._run.ending is not None:
            self.flow()
        elif not self._turn and not self._outlet.paused and not self.ended.done():
            follower.position = seq + len(events)
            writes = self._word(events, seq)
            if write := writes[0]:
                self._write(write)
            if len(writes) > 1:
                self._waiting.extend(writes[1:])
                self._later()

    def flow(self) -> None:
        """Write what there is to say, as far as the client takes it."""
        if self._turn or self._outlet.paused or self.ended.done():
            return
        write = self._waiting.pop(0) if self._waiting else self._read()
        if self._follower.over and not self._waiting:
            self.last = write
            self._end()
            return
        if write:
            self._write(write)
        if self._waiting or not self._follower.level:
            self._later()

    def remind(self) -> None:
        """Nothing has been said for a while: show that the stream lives."""
        if not self._waiting and not self.ended.done():
            self._outlet.write(KEEP_ALIVE)

    def lapse(self, failure: Failure) -> None:
        """Who reads is no longer let in: say so, and end. The run itself goes on."""
        error = Unauthorized("Sign in again: what let you in has ended.")
        self._follower.skip()
        self._waiting.clear()
        frame = failure(Failed(error.code, error.message, self._run.wall()), None)
        self.last = b"data: %b\n\n%b" % (frame, self._done)
        self._end()

    def leave(self) -> None:
        """The client has gone."""
        self.gone = True
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _read(self) -> bytes:
        """The first write of what is new; those that follow it wait for their turns."""
        follower = self._follower
        seq = follower.position
        try:
            events = follower.take()
        except RunExpired as error:  # the log went while a slow client was reading it
            follower.skip()
            events = (Failed(error.code, error.message, self._run.wall()),)
        first, *more = self._word(events, seq)
        self._waiting.extend(more)
        return first

    def _word(self, events: Sequence[Event], seq: int) -> list[bytes]:
        """Events as bytes, as many to a write as fit a segment; one empty write for none."""
        writes: list[bytes] = []
        batch = b""
        try:
            for event in events:
                seq += 1
                for frame in self._session.encode(event):
                    piece = self._piece(frame, seq)
                    if batch and len(batch) + len(piece) > SEGMENT:
                        writes.append(batch)
                        batch = piece
                    else:
                        batch += piece
        except Exception as bug:  # noqa: BLE001 - a bug in one client's words ends with that client
            self.ended.set_exception(bug)
            return [b""]
        if self._done and self._follower.over:
            if len(batch) + len(self._done) > SEGMENT:
                writes.append(batch)
                batch = b""
            batch += self._done
        writes.append(batch)
        return writes

    def _piece(self, frame: bytes, seq: int) -> bytes:
        if not self._ids:
            return b"data: %b\n\n" % frame
        retry, self._retry = self._retry, b""
        return b"%bid: %b:%d\ndata: %b\n\n" % (retry, self._id, seq, frame)

    def _write(self, data: bytes) -> None:
        # What a client has not read yet comes in one read, but for its end where that is over
        # 64 KiB: cut anywhere. So what is there all at once leaves no faster than clients read.
        self._outlet.write(data)
        self.stream.active = True
        self._burst += len(data)
        if self._burst > BURST:
            now, self._burst = self._loop.time(), 0
            if now - self._burst_began < BREATH:
                self._turn = True
                self._loop.call_later(BREATH, self._next)
                now += BREATH  # when the next burst begins
            self._burst_began = now

    def _later(self) -> None:
        # The loop gathers what is written within one turn: the next write has the next turn.
        if not self._turn:
            self._turn = True
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        self._turn = False
        self.flow()
