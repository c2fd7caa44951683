"""The `Memory` of a server: stores how runs begin, and finds those that are over.

Whoever asks in a stored conversation waits for the start transaction, and for nothing else; what
is asked outside of one is written down while its provider is being called.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from sluice.core.commands import Principal, Thread
from sluice.core.engine import Engine
from sluice.core.errors import InvalidRequest, RunExpired, SluiceError
from sluice.core.events import Receipt, Usage
from sluice.core.messages import Message
from sluice.core.runs import Run
from sluice.services.archive import Archive, Busy, Closing, Hold, Opened, Opening
from sluice.services.asking import Beginning, Request
from sluice.services.chat import BYTES_A_TOKEN, TURN
from sluice.services.ledger import Ledger
from sluice.services.media.illustrating import Illustrating
from sluice.services.persistence import CLOSING, Unsure
from sluice.services.points import TOKENS, Tariff
from sluice.services.recalling import Recalling
from sluice.services.repeats import Repeats
from sluice.services.replays import revive
from sluice.services.scopes import Scopes
from sluice.services.turns import Turns

USUAL = 500  # tokens of a reply, as a reservation guesses it

log = logging.getLogger("sluice.recorder")


class Keeping(msgspec.Struct, frozen=True):
    """How a server keeps things.

    `server`        by which its runs are known after a crash
    `daily_tokens`  what a user may take in a day, where the user has no number of their own
    `most`          earlier messages that a context may have
    `tariff`        what points a run costs, and where
    `waits`         messages to a busy conversation wait for their turn, in every dialect
    """

    server: str
    daily_tokens: int | None = None
    most: int = 400
    waits: bool = False
    tariff: Tariff = Tariff()


class Recorder:
    """Stores beginnings; `wall` is epoch seconds, `clock` monotonic ones."""

    def __init__(
        self,
        archive: Archive,
        ledger: Ledger,
        engine: Engine,
        scopes: Scopes,
        keeping: Keeping,
        illustrating: Illustrating | None = None,
        recalling: Recalling | None = None,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._archive = archive
        self._ledger = ledger
        self._engine = engine
        self._scopes = scopes
        self._keeping = keeping
        self._illustrating = illustrating
        self._recalling = recalling
        self._clock = clock
        self._wall = wall
        self._repeats = Repeats()
        self._ending: set[asyncio.Task[None]] = set()
        self._turns = Turns()

    async def begin(self, id: str, request: Request) -> Beginning:
        """Store the beginning of a run. Raises what `Archive.open` does."""
        if request.once is None:
            return await self._begin(id, request)
        caller = request.who.caller
        if (run := await self._repeats.join(caller, request.once)) is not None:
            return await self._instead(run)
        with self._repeats.first(caller, request.once) as repeat:
            begun = await self._begin(id, request)
            repeat.run.set_result(id if begun.instead is None else begun.instead.id)
            return begun

    async def find(self, id: str) -> Run | None:
        """A run that this process no longer has, as it was stored."""
        try:
            return await self._stored(id)
        except Busy:  # another server has it: only there it can be followed
            return None

    async def _stored(self, id: str) -> Run | None:
        stored = await self._archive.replay(id)
        return None if stored is None else revive(stored, self._clock, self._wall)

    async def close(self) -> None:
        """Wait until what has been given up is stored."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=CLOSING)

    async def _begin(self, id: str, request: Request) -> Beginning:
        media = await self._media(request)
        opening = self._opening(id, request, media)
        if opening.thread is None and not opening.holds and opening.once is None:
            self._ledger.begin(opening)
            return Beginning(request.ask.messages)
        try:
            opened = await self._open(opening)
        except (asyncio.CancelledError, Unsure):  # it may be stored, and is not going to begin
            self._give_up(opening)
            raise
        if opened.instead is not None:
            return await self._instead(opened.instead)
        return Beginning(await self._context(opening, opened, request), opened.place)

    async def _media(self, request: Request) -> tuple[str, ...]:
        """The ids of the files that go with what is asked. Raises what `Illustrating.take` does."""
        ask, owner = request.ask, request.who.id
        if not ask.media:
            return ()
        if self._illustrating is None or owner is None:
            raise InvalidRequest("Files cannot go with a question here.", field="media_files")
        return await self._illustrating.take(owner, ask.media, request.fits)

    async def _context(
        self, opening: Opening, opened: Opened, request: Request
    ) -> tuple[Message, ...]:
        """All that is to be asked, with quotations of what was dropped, and the turns' files."""
        context, owner = opened.context, opening.owner
        try:
            if opened.media and self._illustrating is not None and owner is not None:
                illustrate = self._illustrating.illustrate
                context = await illustrate(owner, context, opened.media, request.fits)
            if self._recalling is not None:
                context = await self._recalling.quotations(opening, opened) + context
        except (asyncio.CancelledError, SluiceError):
            self._give_up(opening)
            raise
        return context

    def _give_up(self, opening: Opening) -> None:
        """End a run that is not going to begin: its conversation must not wait for it."""
        nothing = Receipt(opening.model, Usage(0, 0), 0.0, 0.0, None, 0, ())
        closing = Closing(
            id=opening.id,
            server=opening.server,
            dialect=opening.dialect,
            asked=opening.model,
            owner=opening.owner,
            status="cancelled",
            finish_reason="cancelled",
            code=None,
            receipt=nothing,
            place=None,
            text="",
            lengths=(),
            wall=self._wall(),
        )
        task = asyncio.create_task(self._archive.close(closing), name=f"end of run {opening.id}")
        self._ending.add(task)
        task.add_done_callback(self._given_up)

    def _given_up(self, task: "asyncio.Task[None]") -> None:
        self._ending.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.warning("%s is not stored yet: %s", task.get_name(), type(problem).__name__)

    async def _open(self, opening: Opening) -> Opened:
        """The start transaction, when it is its conversation's turn."""
        thread = opening.thread
        if thread is None or not (thread.waits or self._keeping.waits):
            return await self._archive.open(opening)
        async with self._turns.of((thread.kind, opening.scope, thread.id or thread.name or "")):
            while True:
                try:
                    return await self._archive.open(opening)
                except Busy as busy:
                    await self._turns.end_of(self._engine, busy.run)

    async def _instead(self, id: str) -> Beginning:
        """The run that answers the request already, live or as it was stored.

        Raises `Busy` while another server writes the answer.
        """
        try:
            run = self._engine.find(id)
        except RunExpired:
            stored = await self._stored(id)
            if stored is None:
                raise
            run = stored
        return Beginning((), instead=run)

    def _opening(self, id: str, request: Request, media: tuple[str, ...]) -> Opening:
        ask, who = request.ask, request.who
        thread, scope = self._thread(ask.thread, who)
        room = max(0, request.room - sum(_tokens(message) + TURN for message in ask.messages))
        spared = 0 if self._recalling is None else self._recalling.spared(who.id, room)
        return Opening(
            id=id,
            server=self._keeping.server,
            dialect=request.dialect,
            model=request.model,
            owner=who.id,
            messages=ask.messages,
            wall=self._wall(),
            thread=thread,
            scope=scope,
            room=room * BYTES_A_TOKEN,
            most=self._keeping.most,
            spared=spared * BYTES_A_TOKEN,
            media=media,
            fits=request.fits,
            holds=self._holds(request),
            once=request.once if who.id is not None else None,
        )

    def _thread(self, thread: Thread | None, who: Principal) -> tuple[Thread | None, str]:
        if thread is None or thread.id is not None or not thread.named:
            return thread, "" if who.id is None else f"u:{who.id}"
        name = thread.name or self._scopes.name()
        scope = self._scopes.of(who, name)
        if scope is None:  # nobody can tell whose that name is
            name, scope = self._scopes.name(), ""
        return msgspec.structs.replace(thread, name=name), scope

    def _holds(self, request: Request) -> tuple[Hold, ...]:
        """What the run may take of what its user may take in all."""
        who, keeping = request.who, self._keeping
        if who.id is None:
            return ()
        guess = sum(map(_tokens, request.ask.messages)) + min(request.length, USUAL)
        holds: list[Hold] = []
        ceiling = keeping.daily_tokens if who.daily_tokens is None else who.daily_tokens
        if ceiling is not None:
            today = datetime.fromtimestamp(self._wall(), UTC).date().isoformat()
            holds.append(Hold(TOKENS, today, ceiling, guess))
        if keeping.tariff.charges(request.dialect, who.id):
            holds.append(keeping.tariff.hold(guess))
        return tuple(holds)


def _tokens(message: Message) -> int:
    return len(message.text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN
