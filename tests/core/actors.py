"""Small fakes around an engine: a provider that says its lines, accounts that add up, a clock."""

import asyncio
from collections.abc import Sequence
from itertools import count

from sluice.core.engine import Bounds, Engine
from sluice.core.events import Attempt, Ending, Event, Finished, Receipt, TextDelta, Usage
from sluice.core.messages import Message, Prompt
from sluice.core.ports import Outcome, Say
from sluice.core.runs import Follower, Run

PROMPT = Prompt("model", (Message("user", "hello"),))
HELLO = ((TextDelta("Hel"),), (TextDelta("lo"),), (Usage(1, 2), Finished("stop")))

Line = Sequence[Event] | BaseException | asyncio.Event


class Speaker:
    """Says its lines: a batch, an error to raise, or an `asyncio.Event` to wait for."""

    def __init__(self, *lines: Line) -> None:
        self.lines = lines or HELLO
        self.open = 0
        self.waiting = asyncio.Event()

    async def generate(self, prompt: Prompt, attempts: list[Attempt], say: Say) -> None:
        attempts.append(Attempt(f"fake/{prompt.model}"))
        self.open += 1
        try:
            for line in self.lines:
                match line:
                    case asyncio.Event():
                        self.waiting.set()
                        await line.wait()
                    case BaseException():
                        raise line
                    case batch:
                        say(batch)
        finally:
            self.open -= 1


class Accounts:
    """A `Settle` that notes what it was told; `gate` holds it up, `broken` breaks it."""

    def __init__(self) -> None:
        self.settled: list[tuple[str, str, Ending]] = []
        self.gate: asyncio.Event | None = None
        self.busy = asyncio.Event()
        self.broken: Exception | None = None

    async def __call__(self, run: Outcome, ending: Ending) -> Receipt:
        self.settled.append((run.id, run.text, ending))
        if self.gate is not None:
            self.busy.set()
            await self.gate.wait()
        if self.broken is not None:
            raise self.broken
        return Receipt(
            "fake/model", Usage(1, len(run.text)), 0.5, run.duration, run.first_token,
            len(run.text), tuple(run.attempts),
        )  # fmt: skip


class Clock:
    """Time that stands until it is told to move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """An engine with its surroundings."""

    def __init__(self, **bounds: float) -> None:
        self.accounts = Accounts()
        self.clock = Clock()
        numbers = count(1)
        self.engine = Engine(
            self.accounts,
            Bounds(**bounds),  # type: ignore[arg-type]
            new_id=lambda: f"run-{next(numbers)}",
            clock=self.clock,
            wall=lambda: 5.0,
        )

    def start(self, provider: Speaker, *, background: bool = False) -> Run:
        with self.engine.admit() as id:
            return self.engine.start(
                id, provider, PROMPT, model="fake/model", dialect="query", background=background
            )

    async def play(self, provider: Speaker) -> Run:
        """A run from its start to its end."""
        run = self.start(provider)
        await over(run)
        return run


async def over(run: Run) -> None:
    """Wait until the run's task has ended, whatever it ended with."""
    assert run.task is not None
    await asyncio.wait([run.task])


async def hear(follower: Follower) -> list[Event]:
    """All that the follower gets to hear, to the end."""
    heard: list[Event] = []
    while not follower.over:
        heard += await follower.read()
    follower.close()
    return heard


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
