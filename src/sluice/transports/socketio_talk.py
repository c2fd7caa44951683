"""One Socket.IO connection: what runs on it, and what is said there. Knows no dialect by name."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from sluice.core.commands import Ask
from sluice.core.errors import Overloaded, SluiceError, Unauthorized
from sluice.core.events import Failed
from sluice.core.runs import Follower, Run
from sluice.dialects.base import Inbound
from sluice.dialects.emitted import Emitted, Return, Speech
from sluice.transports.asgi import Visit
from sluice.transports.entry import Entry
from sluice.transports.socketio_engine import Client

AT_ONCE = 16  # answers that one connection may await


class Done(msgspec.Struct, omit_defaults=True):
    """The acknowledgement of an event that was understood. A refusal is acknowledged as it is told.

    `run_id`  the run that answers, or goes on; `session_id` where it is
    """

    ok: bool
    run_id: str | None = None
    session_id: str | None = None


class Reply:
    """A run on its way to the client.

    `session`  its name, as far as it is known; `stopped`: a cancel came before the run began
    """

    __slots__ = ("follower", "run", "session", "stopped", "task")

    def __init__(self, session: str | None) -> None:
        self.session = session
        self.run: Run | None = None
        self.follower: Follower | None = None
        self.stopped = False
        self.task: asyncio.Task[None] | None = None

    def found(self, run: Run, after: int) -> Follower:
        """The run has begun, or been found. Raises what `Run.follow` does."""
        self.follower = run.follow(after)
        self.run = run
        if run.place is not None:
            self.session = run.place.name
        return self.follower


class Talk:
    """Who is connected, and what is answered to them. `wall` is epoch seconds."""

    def __init__(
        self,
        words: Emitted,
        entry: Entry,
        visit: Visit,
        client: Client,
        wall: Callable[[], float],
    ) -> None:
        self._words = words
        self._entry = entry
        self._visit = visit
        self._client = client
        self._wall = wall
        self._replies: list[Reply] = []
        self._gone = False
        self._understand = {
            words.ask: self._ask,
            words.cancel: self._cancel,
            words.resume: self._resume,
        }
        self._unwatch = entry.watch(visit, self._lapse)

    def hear(self, name: str, payload: bytes, number: int | None) -> None:
        """Take one event of the client. What is unknown is ignored; `number` asks for an answer."""
        understand = self._understand.get(name)
        if understand is not None:
            try:
                understand(payload, number)
            except SluiceError as error:
                self._refuse(error, number)

    def close(self) -> None:
        """The client has gone: runs have their grace. What is still being begun has it too."""
        self._gone = True
        self._unwatch()
        for reply in self._replies:
            if reply.follower is not None and reply.task is not None:
                reply.task.cancel()

    def _ask(self, payload: bytes, number: int | None) -> None:
        ask = self._words.route.read(Inbound(payload))
        assert isinstance(ask, Ask), "this route takes requests only"
        session = None if ask.thread is None else ask.thread.name
        self._answer(Reply(session), partial(self._begin, ask), ask, number)

    def _resume(self, payload: bytes, number: int | None) -> None:
        wanted = self._words.read_resume(payload)
        self._answer(Reply(None), partial(self._find, wanted), wanted.ask, number)

    def _cancel(self, payload: bytes, number: int | None) -> None:
        name = self._words.read_cancel(payload)
        replies = [reply for reply in self._replies if reply.session == name]
        mine = {reply.run for reply in replies if reply.run is not None}
        runs = {run for run in mine | self._others(name) if run.ending is None}
        for run in runs:
            self._entry.chat.stop(run)
        beginning = [reply for reply in replies if reply.run is None]
        if beginning and not runs:
            beginning[0].stopped = True
        self._acknowledge(Done(ok=True, session_id=name), number)

    def _others(self, session: str) -> set[Run]:
        """What a user has running in a session, on whatever connection."""
        user, dialect = self._visit.who.id, self._words.dialect.name
        return {
            run
            for run in self._entry.chat.live()
            if user is not None and run.owner == user and run.dialect == dialect
            if run.place is not None and run.place.name == session
        }

    async def _begin(self, ask: Ask) -> tuple[Run, int]:
        visit = msgspec.structs.replace(self._visit, headers=[])  # an event has none to send
        words = self._words
        return await self._entry.start(ask, words.dialect, words.route, visit), 0

    async def _find(self, wanted: Return) -> tuple[Run, int]:
        return await self._entry.resume(f"{wanted.run}:{wanted.after}", self._visit)

    def _answer(
        self,
        reply: Reply,
        begin: Callable[[], Awaitable[tuple[Run, int]]],
        ask: Ask,
        number: int | None,
    ) -> None:
        if len(self._replies) >= AT_ONCE:
            raise Overloaded("Too many answers at once on this connection.", retry_after=1)
        self._replies.append(reply)
        reply.task = self._client.spawn(self._run_one(reply, begin, ask, number))
        reply.task.add_done_callback(partial(self._over, reply))

    async def _run_one(
        self,
        reply: Reply,
        begin: Callable[[], Awaitable[tuple[Run, int]]],
        ask: Ask,
        number: int | None,
    ) -> None:
        try:
            run, after = await begin()
            if self._gone:  # nobody has followed it yet: it waits a moment for somebody by itself
                return
            follower = reply.found(run, after)
        except SluiceError as error:
            self._refuse(error, number)
            return
        try:
            if reply.stopped:
                self._entry.chat.stop(run)
            self._acknowledge(Done(True, run.id, reply.session), number)
            await self._pump(run, follower, self._words.speech(run, ask))
        except SluiceError as error:  # its log had to go before a slow client had read it
            self._refuse(error, None)
        finally:
            follower.close()

    async def _pump(self, run: Run, follower: Follower, speech: Speech) -> None:
        for event in run.past(follower.position):
            speech.skip(event)
        while not follower.over:
            seq = follower.position
            for event in await follower.read():
                seq += 1
                for name, payload in speech.encode(event, seq):
                    await self._client.say(name, payload)

    def _over(self, reply: Reply, task: asyncio.Task[None]) -> None:
        self._replies.remove(reply)
        if not task.cancelled() and task.exception() is not None:
            self._refuse(SluiceError(), None)  # a bug of ours: nothing ends silently

    def _lapse(self) -> None:
        """Who talks is no longer let in."""
        self._client.spawn(self._see_off())

    async def _see_off(self) -> None:
        self._refuse(Unauthorized("Sign in again: what let you in has ended."), None)
        self.close()
        await self._client.turn_out()

    def _refuse(self, error: SluiceError, number: int | None) -> None:
        text = error.message if error.field is None else f"{error.field}: {error.message}"
        payload = self._words.dialect.failure(Failed(error.code, text, self._wall()), None)
        self._client.tell(self._words.failed, payload)
        if number is not None:
            self._client.acknowledge(number, payload)

    def _acknowledge(self, done: Done, number: int | None) -> None:
        if number is not None:
            self._client.acknowledge(number, msgspec.json.encode(done))
