"""The one door to the engine: whatever its dialect, a request becomes a run here."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from sluice.core.commands import Ask, Once, Principal
from sluice.core.engine import Engine
from sluice.core.errors import Forbidden, InvalidRequest, NotFound, RunExpired, Unauthorized
from sluice.core.events import Ending
from sluice.core.messages import Message, Prompt
from sluice.core.ports import Provider
from sluice.core.runs import Run
from sluice.services.asking import (
    Beginning,
    Flows,
    Guests,
    Memory,
    Models,
    Request,
    Rules,
    Sharing,
)

BYTES_A_TOKEN = 3  # a cautious guess, for what a context window holds
FLOW = "flow/"  # what the model of a flow's run begins with
ANY = ("*",)
RUN_ID = re.compile(r"[\w-]{1,32}", re.ASCII)
TURN = 4  # tokens that a turn takes beside its text


class Chat:
    """Starts, finds and cancels runs on somebody's behalf."""

    def __init__(
        self,
        engine: Engine,
        models: Models,
        flows: Flows,
        window: Callable[[str], int],
        rules: Rules,
        memory: Memory,
        guests: Guests,
        answers: Sharing | None = None,
    ) -> None:
        self._engine = engine
        self._models = models
        self._flows = flows
        self._window = window
        self._rules = rules
        self._memory = memory
        self._guests = guests
        self._answers = answers

    async def start(self, ask: Ask, dialect: str, who: Principal, once: Once | None = None) -> Run:
        """Begin a run, or join the one that answers the same request already.

        Raises what refuses it: `InvalidRequest`, `ModelNotFound`, `Forbidden`, `Overloaded`, and
        what `Archive.open` does.
        """
        _admit(who)
        with self._engine.admit() as id, self._guests.seat(who) as seat:
            request, provider = await self._prepare(ask, dialect, who, once)
            begun = await self._memory.begin(id, request)
            if begun.instead is not None:
                return begun.instead
            run = self._start(id, request, provider, begun)
            seat.taken(run)
            return run

    async def call(self, ask: Ask, dialect: str, who: Principal) -> Run:
        """Begin a run that is part of another: that one answers for it, and is what is kept."""
        with self._engine.admit(part=True) as id:
            request, provider = await self._prepare(ask, dialect, who, None)
            return self._start(id, request, provider, Beginning(ask.messages))

    async def find(self, id: str, who: Principal) -> Run:
        """A run that its caller may see. Raises `RunExpired`, also for somebody else's."""
        _admit(who)
        if not RUN_ID.fullmatch(id):
            raise RunExpired
        try:
            run = self._engine.find(id)
        except RunExpired:
            stored = await self._memory.find(id)
            if stored is None:
                raise
            run = stored
        if run.owner is not None and run.owner != who.id:
            raise RunExpired
        return run

    def newest(self, who: Principal) -> Run | None:
        """The run that a user has begun last, of those that go on."""
        _admit(who)
        mine = [run for run in self._engine.runs() if who.id is not None and run.owner == who.id]
        return mine[-1] if mine else None

    def live(self) -> list[Run]:
        """All runs that go on, the oldest first: for administrators."""
        return self._engine.runs()

    async def evict(self, user: str) -> None:
        """End all that a user has running, before the user goes."""
        for run in [run for run in self._engine.runs() if run.owner == user]:
            await self._engine.cancel(run)

    async def stop_run(self, id: str) -> None:
        """Stop the run of this id, if it goes on, and wait until it has ended."""
        for run in [run for run in self._engine.runs() if run.id == id]:
            await self._engine.cancel(run)

    def stop(self, run: Run) -> None:
        """Stop a run at once; its followers will hear how it ended."""
        self._engine.stop(run)

    async def cancel(self, run: Run) -> Ending:
        """Stop a run at once, and return how it ended."""
        return await self._engine.cancel(run)

    async def _prepare(
        self, ask: Ask, dialect: str, who: Principal, once: Once | None
    ) -> tuple[Request, Provider]:
        length = ask.max_tokens or self._rules.default_max_tokens
        if length > self._rules.max_tokens:
            limit = f"Expected `int` <= {self._rules.max_tokens}"
            raise InvalidRequest(limit, field="max_tokens")
        model, provider = await self._choose(ask, who)
        room = self._window(model) - length
        fits = partial(self._models.check, model)
        return Request(ask, dialect, who, model, room, length, fits, once), provider

    def _start(self, id: str, request: Request, provider: Provider, begun: Beginning) -> Run:
        ask, who = request.ask, request.who
        messages = fit(begun.messages, request.room)
        prompt = Prompt(request.model, messages, request.length, ask.temperature)
        if self._answers is not None and _repeatable(request):
            # As asked: what stands behind a demo's name is part of what it answers.
            asked = f"{who.caller} {ask.provider} {ask.model}"
            provider = self._answers.through(provider, prompt, asked)
        return self._engine.start(
            id,
            provider,
            prompt,
            model=request.model,
            dialect=request.dialect,
            owner=who.id,
            user=who.name,
            place=begun.place,
            background=ask.background,
        )

    async def _choose(self, ask: Ask, who: Principal) -> tuple[str, Provider]:
        only = ANY if who.id is not None else self._rules.strangers
        if ask.flow is None:
            choice = await self._models.resolve(ask.model, ask.provider, only)
            if choice.model in self._rules.nearby and not who.direct:
                raise Forbidden("This model may not be used here.", field="model")
            chosen = self._models.spoilt(choice) if ask.bad_key else choice
            return chosen.model, chosen.provider
        if ask.model or ask.provider:  # nonsense is refused now, not in the middle of the flow
            await self._models.resolve(ask.model, ask.provider, only)
        flow = self._flows.provider(ask.flow, ask, who)
        if flow is None:
            raise NotFound(f"There is no flow {ask.flow[:80]!r}.", field="flow")
        return f"{FLOW}{ask.flow}", flow


def _repeatable(request: Request) -> bool:
    """Whether the same answer will do again. Who wants another one, or a flow, is asked anew."""
    ask = request.ask
    anew = ask.thread is not None and ask.thread.again is not None and not ask.messages
    return request.who.id is not None and ask.flow is None and not ask.bad_key and not anew


def _admit(who: Principal) -> None:
    if who.id is None and not who.welcome:
        raise Unauthorized


def fit(messages: Sequence[Message], window: int) -> tuple[Message, ...]:
    """The newest turns that fit into `window` tokens; the last one and the system's always."""
    *earlier, last = messages
    system = [message for message in earlier if message.role == "system"]
    room = window - sum(map(_size, [*system, last]))
    kept: list[Message] = []
    for message in reversed([message for message in earlier if message.role != "system"]):
        room -= _size(message)
        if room < 0:
            break
        kept.append(message)
    while kept and kept[-1].role != "user":  # some providers want a question to come first
        kept.pop()
    return (*system, *reversed(kept), last)


def _size(message: Message) -> int:
    return len(message.text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN + TURN
