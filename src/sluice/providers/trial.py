"""One request on behalf of a run, accounted for however it ends."""

import asyncio
from collections.abc import Sequence
from types import TracebackType

from sluice.core.errors import ProviderError, SluiceError
from sluice.core.events import Attempt, Event, Finished, ReasoningDelta, TextDelta, ToolCall
from sluice.core.ports import Enough, Say
from sluice.providers.breaker import Verdict
from sluice.providers.conduct import Conduct
from sluice.providers.course import Candidate
from sluice.providers.rules import rule

# Once one of these is out, nobody else is asked. A report of tokens is not among them: reports
# are cumulative, so the next one corrects it.
TOKENS = frozenset((TextDelta, ReasoningDelta, ToolCall))


class Trial:
    """Around a request: files its attempt, and tells breaker, health and observer how it went.

    The only place that sets an attempt's outcome: `ok`, an error's code, `cancelled` where the
    run was stopped, `internal` for a bug.
    """

    __slots__ = ("_conduct", "_finished", "_permit", "_provider", "_say", "attempt", "spoke")

    def __init__(
        self, candidate: Candidate, conduct: Conduct, attempts: list[Attempt], say: Say
    ) -> None:
        self.attempt = Attempt(candidate.model)
        self.spoke = False
        self._say = say
        self._finished = False
        self._provider = candidate.provider
        self._conduct = conduct
        self._permit = conduct.breakers.of(candidate.model).begin()
        attempts.append(self.attempt)

    def __enter__(self) -> "Trial":
        return self

    def say(self, batch: Sequence[Event]) -> None:
        """Hand a batch on, and take note of the first token and of the last word."""
        if not self.spoke and not TOKENS.isdisjoint(map(type, batch)):
            self.spoke = True
            self._permit.answered()
            self._conduct.health.answered(self._provider)
        if type(batch[-1]) is Finished:
            self.finished()
        self._say(batch)

    def finished(self) -> None:
        """The provider has said its last word. What follows is the consumer's business."""
        self._finished = True
        self.attempt.outcome = "ok"
        self._permit.close("success")
        self._conduct.health.answered(self._provider)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._finished and error is None:
            return
        self.attempt.outcome = outcome(error)
        self._permit.close(self._verdict(error))
        if isinstance(error, SluiceError):
            self._conduct.observer.failed(self.attempt.model, error)

    def _verdict(self, error: BaseException | None) -> Verdict:
        if not isinstance(error, ProviderError):
            return "neither"
        found = rule(error)
        match found.blame:
            case "failed":
                self._conduct.health.failed(self._provider)
            case "refused":
                self._conduct.health.refused(self._provider)
            case "none":
                pass
        return "failure" if found.counts else "neither"


def outcome(error: BaseException | None) -> str:
    """The word for how a request ended that did not finish."""
    match error:
        case SluiceError():
            return error.code
        case asyncio.CancelledError() | Enough():
            return "cancelled"
        case _:
            return "internal"
