"""What all chains of a process share: manners, memory, and somebody who watches."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from sluice.core.errors import SluiceError
from sluice.providers.backoff import Backoff
from sluice.providers.breaker import Breakers
from sluice.providers.health import Health


class Observer(Protocol):
    """Is told what happens on the way to an answer, for logs and metrics. Must not raise."""

    def failed(self, model: str, error: SluiceError) -> None:
        """A request came to nothing, or broke off."""
        ...

    def repeated(self, model: str, pause: float) -> None:
        """The same model is asked again, in `pause` seconds."""
        ...

    def skipped(self, model: str) -> None:
        """A model is left alone: its breaker is open."""
        ...


class Nobody:
    """Watches nothing."""

    def failed(self, model: str, error: SluiceError) -> None: ...

    def repeated(self, model: str, pause: float) -> None: ...

    def skipped(self, model: str) -> None: ...


class Conduct(msgspec.Struct, frozen=True):
    """How chains behave. `sleep` waits so many seconds, cancellably; `chance` draws from 0..1."""

    backoff: Backoff
    breakers: Breakers
    health: Health
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    observer: Observer
