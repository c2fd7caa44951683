"""Small fakes for what chains are made of: sources that say their lines, time that obeys."""

import asyncio
from collections.abc import Sequence

from sluice.core.errors import SluiceError
from sluice.core.events import Attempt, Event, Finished, TextDelta, Usage
from sluice.core.messages import Message, Prompt
from sluice.core.ports import Say
from sluice.providers.backoff import Backoff
from sluice.providers.breaker import Breakers
from sluice.providers.conduct import Conduct
from sluice.providers.course import Candidate
from sluice.providers.health import Health
from sluice.providers.wire import Patience

HELLO = ((TextDelta("Hel"),), (TextDelta("lo"),), (Usage(3, 2), Finished("stop")))
PROMPT = Prompt("as asked", (Message("user", "hi"),))

Line = Sequence[Event] | BaseException | asyncio.Event


class Says:
    """Plays one list of lines for each request, the last list for all further ones.

    A line is a batch, an error to raise, or an `asyncio.Event` to wait for.
    """

    def __init__(self, *plays: Sequence[Line]) -> None:
        self.plays = list(plays) or [HELLO]
        self.asked: list[tuple[str, bool]] = []
        self.patience: list[Patience] = []
        self.open = 0
        self.waiting = asyncio.Event()

    async def attempt(
        self, prompt: Prompt, attempt: Attempt, patience: Patience, last: bool, say: Say
    ) -> None:
        lines = self.plays[min(len(self.asked), len(self.plays) - 1)]
        self.asked.append((prompt.model, last))
        self.patience.append(patience)
        self.open += 1
        try:
            for line in lines:
                match line:
                    case asyncio.Event():
                        self.waiting.set()
                        await line.wait()
                    case BaseException():
                        raise line
                    case batch:
                        attempt.usage = next(
                            (event for event in batch if isinstance(event, Usage)), attempt.usage
                        )
                        say(batch)
        finally:
            self.open -= 1

    def spoilt(self) -> None:
        """It needs no key."""


class Clock:
    """Time that passes when somebody sleeps, or when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds
        await asyncio.sleep(0)


class Notes:
    """An observer that writes down what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    def failed(self, model: str, error: SluiceError) -> None:
        self.said.append(("failed", model, error.code))

    def repeated(self, model: str, pause: float) -> None:
        self.said.append(("repeated", model, f"{pause:g}"))

    def skipped(self, model: str) -> None:
        self.said.append(("skipped", model))


def conduct(clock: Clock, notes: Notes | None = None, **backoff: float) -> Conduct:
    """Two repetitions, always the longest wait; five failures open a breaker for 30 s."""
    return Conduct(
        Backoff(**backoff),  # type: ignore[arg-type]
        Breakers(5, 30.0, clock),
        Health(),
        clock.sleep,
        lambda: 1.0,
        notes or Notes(),
    )


def candidate(model: str, source: Says, window: int = 100) -> Candidate:
    return Candidate(model, model.partition("/")[2], source, Patience(), window)
