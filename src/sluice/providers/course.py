"""Where a run stands in its chain: who is asked next, after which wait. Does no I/O."""

from collections.abc import Iterable

import msgspec

from sluice.core.errors import ProviderError, ProviderUnavailable
from sluice.providers.conduct import Conduct
from sluice.providers.rules import rule
from sluice.providers.source import Source
from sluice.providers.wire import Patience


class Candidate(msgspec.Struct, frozen=True):
    """A model that may answer.

    `model`   as it is reported: `provider/name`
    `name`    as its source knows it
    `window`  the longest prompt and reply together, in tokens
    `sees`    it takes images
    """

    model: str
    name: str
    source: Source
    patience: Patience
    window: int
    sees: bool = True

    @property
    def provider(self) -> str:
        return self.model.partition("/")[0]


class Course:
    """One run's way through its candidates. Made afresh for each run."""

    __slots__ = ("_conduct", "_error", "_left", "_repetition", "_resting", "_waited")

    def __init__(self, candidates: Iterable[Candidate], conduct: Conduct) -> None:
        self._left = list(candidates)
        self._conduct = conduct
        self._repetition = 0
        self._waited = 0.0
        self._resting: list[float] = []
        self._error: ProviderError | None = None

    @property
    def last(self) -> bool:
        """Nobody could be asked if the one whose turn it is now failed."""
        return not any(self._wait(candidate) == 0 for candidate in self._left[1:])

    def turn(self) -> Candidate:
        """Whose turn it is. Models that are left alone for now are passed over.

        Where nobody is left: raises what the last one asked said, or `ProviderUnavailable`.
        """
        while self._left:
            if not (wait := self._wait(self._left[0])):
                return self._left[0]
            self._resting.append(wait)
            self._conduct.observer.skipped(self._left[0].model)
            self._next()
        raise self._error or resting(self._resting)

    def after(self, error: ProviderError) -> float:
        """Decide what comes after a failure before the first token; returns seconds to wait.

        Raises `error` where it is the run's.
        """
        self._error = error
        head = self._left[0]
        match rule(error).next:
            case "retry":
                if (pause := self._pause(error)) is not None:
                    self._conduct.observer.repeated(head.model, pause)
                    return pause
                self._next()
            case "fallback":
                self._next()
            case "larger_window":
                self._next()
                self._left = [c for c in self._left if c.window > head.window]
            case "stop":
                self._left.clear()
        if not self._left:
            raise error
        return 0.0

    def _pause(self, error: ProviderError) -> float | None:
        """Seconds until the same model is asked again; None where it is not."""
        conduct = self._conduct
        if self._wait(self._left[0]):
            return None
        pause = conduct.backoff.pause(self._repetition, conduct.chance(), error.retry_after)
        if pause is None or self._waited + pause > conduct.backoff.budget:
            return None
        self._repetition += 1
        self._waited += pause
        return pause

    def _next(self) -> None:
        self._left.pop(0)
        self._repetition = 0

    def _wait(self, candidate: Candidate) -> float:
        return self._conduct.breakers.of(candidate.model).wait


def resting(waits: list[float]) -> ProviderUnavailable:
    """What is said where every model is left alone for now."""
    return ProviderUnavailable(
        "The model failed repeatedly and is left alone for a moment. Try again shortly.",
        retry_after=min(waits, default=None),
    )
