"""Answers that are known already, and answers that are being given: nobody is asked twice.

Exact: the same model, settings, context, question and files, of the same user. Off unless the
operator says for how long an answer holds.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from sluice.core.errors import ProviderUnavailable
from sluice.core.events import Attempt, Event, Finished, FinishReason, TextDelta, Usage
from sluice.core.messages import Prompt
from sluice.core.ports import Enough, Provider, Say
from sluice.services.metering import CACHED

PIECE = 48  # characters of a known answer in one event
ENTRY_COST = 512  # bytes that an answer takes beside its text
LASTING: frozenset[FinishReason] = frozenset({"stop", "length"})  # what asking again would not mend


class Answer(NamedTuple):
    """A whole answer. `until` is monotonic seconds."""

    text: str
    reason: FinishReason
    model: str
    until: float

    @property
    def size(self) -> int:
        return ENTRY_COST + 4 * len(self.text)


class Answers:
    """Whole answers, by what was asked: `seconds` long, within `memory` bytes."""

    def __init__(self, seconds: float, memory: int, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._memory = memory
        self._clock = clock
        self._known: OrderedDict[bytes, Answer] = OrderedDict()
        self._flights: dict[bytes, Flight] = {}
        self.size = 0

    def __len__(self) -> int:
        """How many answers are known, and being given."""
        return len(self._known) + len(self._flights)

    def through(self, provider: Provider, prompt: Prompt, caller: str) -> Provider:
        """The same provider, asked only where nobody knows its answer to this caller."""
        return Known(self, key_of(prompt, caller), provider)

    def find(self, key: bytes) -> Answer | None:
        answer = self._known.get(key)
        if answer is not None and answer.until <= self._clock():
            self._drop(key)
            return None
        return answer

    def keep(self, key: bytes, text: str, reason: FinishReason, model: str) -> None:
        """Remember an answer; the oldest are forgotten for it."""
        self._drop(key)
        answer = Answer(text, reason, model, self._clock() + self._seconds)
        if answer.size > self._memory:
            return
        self._known[key] = answer
        self.size += answer.size
        while self.size > self._memory:
            self._drop(next(iter(self._known)))

    def board(self, key: bytes, provider: Provider, prompt: Prompt) -> "Flight":
        """The answer that is just being given to this, or the beginning of one."""
        flight = self._flights.get(key)
        if flight is None:
            flight = Flight(provider, prompt, lambda ended: self._land(key, ended))
            self._flights[key] = flight
        return flight

    def _land(self, key: bytes, flight: "Flight") -> None:
        del self._flights[key]
        ending = flight.events[-1] if flight.events else None
        if isinstance(ending, Finished) and ending.reason in LASTING and flight.attempts:
            text = "".join([e.text for e in flight.events if isinstance(e, TextDelta)])
            self.keep(key, text, ending.reason, flight.attempts[-1].model)

    def _drop(self, key: bytes) -> None:
        answer = self._known.pop(key, None)
        if answer is not None:
            self.size -= answer.size


class Known:
    """A `Provider` that asks another one only where it has to."""

    def __init__(self, answers: Answers, key: bytes, provider: Provider) -> None:
        self._answers = answers
        self._key = key
        self._provider = provider

    async def generate(self, prompt: Prompt, attempts: list[Attempt], say: Say) -> None:
        answer = self._answers.find(self._key)
        if answer is not None:
            attempts.append(Attempt(answer.model, CACHED, Usage(0, 0)))
            pieces = [answer.text[at : at + PIECE] for at in range(0, len(answer.text), PIECE)]
            say([*map(TextDelta, pieces), Finished(answer.reason)])
            return
        await self._answers.board(self._key, self._provider, prompt).ride(attempts, say)


class Flight:
    """One answer that is being given to all who ask for it, the first of whom pays.

    It belongs to none of them: it goes on while anybody is left, and whoever is left pays.
    """

    def __init__(
        self, provider: Provider, prompt: Prompt, land: Callable[["Flight"], None]
    ) -> None:
        self.events: list[Event] = []
        self.attempts: list[Attempt] = []
        self._riders: list[Rider] = []
        self._payer: Rider | None = None  # once it is over: who came first, of who stayed
        self._land = land
        self._task = asyncio.create_task(self._go(provider, prompt), name="shared answer")
        self._task.add_done_callback(self._ended)

    async def ride(self, attempts: list[Attempt], say: Say) -> None:
        """Say all of it, from its beginning. Raises what its provider does."""
        rider = Rider(say)
        self._riders.append(rider)
        try:
            rider.hear(self.events)
            await rider.over.wait()
        finally:
            pays = rider is self._payer if self._task.done() else self._riders == [rider]
            self._riders.remove(rider)
            if not self._riders and not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task])  # its connection is closed before we leave
            model = self.attempts[-1].model if self.attempts else ""
            attempts += self.attempts if pays else [Attempt(model, CACHED, Usage(0, 0))]
        if rider.problem is not None:
            raise rider.problem
        self._raise_what_ended_it()

    async def _go(self, provider: Provider, prompt: Prompt) -> None:
        await provider.generate(prompt, self.attempts, self._say)

    def _say(self, events: Sequence[Event]) -> None:
        self.events += events
        for rider in tuple(self._riders):
            rider.hear(events)
        if all(rider.problem is not None for rider in self._riders):
            raise Enough  # nobody may say more

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._land(self)
        self._payer = self._riders[0] if self._riders else None
        if not task.cancelled():
            task.exception()  # which whoever is left raises
        for rider in self._riders:
            rider.over.set()

    def _raise_what_ended_it(self) -> None:
        if self._task.cancelled():
            raise ProviderUnavailable
        problem = self._task.exception()
        if problem is not None and not isinstance(problem, Enough):
            raise problem


class Rider:
    """One of those to whom an answer is given."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.over = asyncio.Event()
        self.problem: Enough | None = None

    def hear(self, events: Sequence[Event]) -> None:
        if not events or self.problem is not None:
            return
        try:
            self._say(events)
        except Enough as enough:
            self.problem = enough
            self.over.set()


def key_of(prompt: Prompt, caller: str) -> bytes:
    """What makes a request exactly this one, as a hash: no text is kept for it."""
    return hashlib.sha256(msgspec.msgpack.encode((caller, prompt))).digest()
