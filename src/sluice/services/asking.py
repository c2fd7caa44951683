"""What the door to the engine stands on: ports, and what passes through them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import msgspec

from sluice.core.commands import Ask, Once, Place, Principal
from sluice.core.messages import Message, Prompt
from sluice.core.ports import Provider
from sluice.core.runs import Run


class Choice(Protocol):
    """The model that is to answer: its full name, and who asks it."""

    @property
    def model(self) -> str: ...
    @property
    def provider(self) -> Provider: ...


class Models(Protocol):
    """Which models there are."""

    async def resolve(self, model: str | None, provider: str | None, only: Sequence[str]) -> Choice:
        """Find the model that a client means, among those that fit the patterns in `only`.

        Raises `ModelNotFound`, `InvalidRequest` or `Forbidden`.
        """
        ...

    def check(self, model: str, turns: Sequence[Message]) -> None:
        """Raises `InvalidRequest` where a chosen model cannot take what goes with the turns."""
        ...

    def spoilt(self, choice: Choice) -> Choice:
        """The same model, asked once and with a key that its provider does not know."""
        ...


class Flows(Protocol):
    """Which flows there are."""

    def provider(self, name: str, ask: Ask, who: Principal) -> Provider | None:
        """The flow of that name, as something that answers."""
        ...


class Beginning(msgspec.Struct, frozen=True):
    """How a run begins: all that is to be asked, and where its reply is kept.

    `instead` is the run that answers the same request already.
    """

    messages: tuple[Message, ...]
    place: Place | None = None
    instead: Run | None = None


class Request(msgspec.Struct, frozen=True):
    """An ask on its way to becoming a run: who asks, in which dialect, of which model.

    `room` and `length` are tokens: for what is asked, and for the reply. `fits` raises
    `InvalidRequest` where the model cannot take what goes with these turns.
    """

    ask: Ask
    dialect: str
    who: Principal
    model: str
    room: int
    length: int
    fits: Callable[[Sequence[Message]], None]
    once: Once | None = None


class Memory(Protocol):
    """Remembers runs and conversations; see `recorder.py`."""

    async def begin(self, id: str, request: Request) -> Beginning:
        """Store the beginning of a run. Raises what `Archive.open` does."""
        ...

    async def find(self, id: str) -> Run | None:
        """A run that this process no longer has, as it was stored."""
        ...


class Forgetful:
    """The `Memory` of a Python client: none."""

    async def begin(self, id: str, request: Request) -> Beginning:
        return Beginning(request.ask.messages)

    async def find(self, id: str) -> Run | None:
        return None


class Seat(Protocol):
    """A place for one run."""

    def taken(self, run: Run) -> None:
        """The run has begun: it keeps the place until it ends."""
        ...


class Guests(Protocol):
    """How many runs each caller has at once."""

    def seat(self, who: Principal) -> AbstractContextManager[Seat]:
        """A place for one run more, given back on leaving the context, unless it was `taken`.

        Raises `Overloaded`.
        """
        ...


class Anybody:
    """The `Guests`, and the `Seat`, of a Python client: as many as it likes."""

    def seat(self, who: Principal) -> AbstractContextManager[Seat]:
        return nullcontext(self)

    def taken(self, run: Run) -> None:
        pass


class Sharing(Protocol):
    """Knows answers; see `cache.py`."""

    def through(self, provider: Provider, prompt: Prompt, caller: str) -> Provider:
        """The same provider, asked only where nobody knows its answer to this caller."""
        ...


class Rules(msgspec.Struct, frozen=True):
    """What may be asked for. Lengths are tokens; `strangers` are patterns of model names.

    `nearby` are models that nobody gets through a proxy.
    """

    max_tokens: int = 16_384
    default_max_tokens: int = 4096
    strangers: tuple[str, ...] = ("*",)
    nearby: tuple[str, ...] = ()
