"""What the core needs from the world, and nothing about who provides it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from sluice.core.commands import Place
from sluice.core.events import Attempt, Ending, Event, Receipt
from sluice.core.messages import Prompt

Say = Callable[[Sequence[Event]], None]


class Enough(Exception):
    """Raised by `say`: the run may say no more. Who hears it stops, and lets it pass."""


class Provider(Protocol):
    """A source of words: a vendor's API, a local model, a flow, or a chain of such."""

    async def generate(self, prompt: Prompt, attempts: list[Attempt], say: Say) -> None:
        """Say batches of events, each batch what arrived in one read and never empty.

        `TextDelta`, `ReasoningDelta`, `ToolCall` and `Usage` in any number, then one `Finished`,
        with which the last batch ends. Raises a `SluiceError` (in most cases a `ProviderError`)
        instead where it cannot finish. `Started` and `Failed` are the engine's to say.

        `say` is called, not awaited: a token passes from the provider's socket to the clients'
        within one turn of the loop. What it raises ends the answer.

        Every request made on the way is appended to `attempts` before it is sent, and kept up to
        date, so that what it cost is known however it ends.

        Cancelling the task that awaits it closes the provider's connection before control
        returns.
        """
        ...


class Outcome(Protocol):
    """A run that is about to end, as `Settle` sees it."""

    @property
    def id(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def prompt(self) -> Prompt: ...
    @property
    def dialect(self) -> str: ...
    @property
    def attempts(self) -> list[Attempt]: ...
    @property
    def text(self) -> str: ...
    @property
    def thoughts(self) -> str: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def place(self) -> Place | None: ...
    def lengths(self) -> list[int]:
        """How many characters of the answer each event so far brought."""
        ...

    @property
    def duration(self) -> float: ...
    @property
    def first_token(self) -> float | None: ...


class Settle(Protocol):
    """What has to be true before anybody hears of a run's end: usage counted, later stored."""

    async def __call__(self, run: Outcome, ending: Ending) -> Receipt:
        """Account for the run. Called exactly once for each run, whatever its end."""
        ...
