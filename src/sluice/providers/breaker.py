"""Circuit breakers: a model that keeps failing is left alone for a while. Does no I/O.

    closed     everything passes; so many failures in a row open it
    open       nothing passes until the cooldown is over
    half_open  one request passes, to see; it closes the breaker or opens it again

What a failure is, is its caller's to say (`rules.py`).
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half_open"]
Verdict = Literal["success", "failure", "neither"]


class Permit:
    """Leave to make one request. Its holder says how that went, whatever happened.

    `epoch` is the breaker's when the permit was given: news from before its last change of state
    is no news.
    """

    __slots__ = ("_breaker", "_epoch")

    def __init__(self, breaker: "Breaker", epoch: int) -> None:
        self._breaker = breaker
        self._epoch = epoch

    def answered(self) -> None:
        """The first token is here: no need to keep others away until the last."""
        self._epoch = self._breaker.answered(self._epoch)

    def close(self, verdict: Verdict) -> None:
        """The request is over. A probe that came to neither makes room for the next."""
        self._breaker.settle(self._epoch, verdict)


class Breaker:
    """One model's. `threshold` failures in a row open it for `cooldown` seconds."""

    __slots__ = ("_clock", "_cooldown", "_epoch", "_failures", "_opened", "_threshold", "state")

    def __init__(self, threshold: int, cooldown: float, clock: Callable[[], float]) -> None:
        self.state: State = "closed"
        self._threshold = threshold
        self._cooldown = cooldown
        self._clock = clock
        self._failures = 0
        self._opened = 0.0
        self._epoch = 0

    @property
    def wait(self) -> float:
        """Seconds until it may be asked; 0: now."""
        if self.state == "closed":
            return 0.0
        rest = self._opened + self._cooldown - self._clock()
        if self.state == "open":
            return max(0.0, rest)
        return max(1.0, rest)  # somebody is finding out

    def begin(self) -> Permit:
        """Leave for one request; only where `wait` is 0. After an opening that is the probe."""
        if self.state == "open":
            self._move("half_open")
        return Permit(self, self._epoch)

    def answered(self, epoch: int) -> int:
        """A probe that speaks closes the breaker, on probation: one failure opens it again."""
        if epoch == self._epoch and self.state == "half_open":
            self._failures = self._threshold - 1
            self._move("closed")
            return self._epoch
        return epoch

    def settle(self, epoch: int, verdict: Verdict) -> None:
        """Take note of how a request went. Old news is ignored."""
        if epoch == self._epoch:
            SETTLE[verdict](self)

    def succeed(self) -> None:
        self._failures = 0
        if self.state != "closed":
            self._move("closed")

    def fail(self) -> None:
        self._failures += 1
        if self.state == "half_open" or self._failures >= self._threshold:
            self._opened = self._clock()
            self._move("open")

    def release(self) -> None:
        if self.state == "half_open":
            self._move("open")  # its cooldown is over: the next request is the probe

    def _move(self, state: State) -> None:
        self.state = state
        self._epoch += 1


SETTLE: dict[Verdict, Callable[[Breaker], None]] = {
    "success": Breaker.succeed,
    "failure": Breaker.fail,
    "neither": Breaker.release,
}


class Breakers:
    """One for each model asked lately: `limit` of them, since clients choose the names."""

    def __init__(
        self, threshold: int, cooldown: float, clock: Callable[[], float], limit: int = 512
    ) -> None:
        self._threshold = threshold
        self._cooldown = cooldown
        self._clock = clock
        self._limit = limit
        self._known: OrderedDict[str, Breaker] = OrderedDict()

    def of(self, model: str) -> Breaker:
        """The breaker of `provider/name`; a fresh, closed one where nothing is remembered."""
        breaker = self._known.get(model)
        if breaker is None:
            breaker = self._known[model] = Breaker(self._threshold, self._cooldown, self._clock)
            self._shrink(keep=model)
        self._known.move_to_end(model)
        return breaker

    def wait(self, model: str) -> float:
        """Seconds until `provider/name` may be asked; 0: now. Remembers nothing."""
        breaker = self._known.get(model)
        return 0.0 if breaker is None else breaker.wait

    def states(self) -> dict[str, State]:
        """Where each of them stands, for the metrics."""
        return {model: breaker.state for model, breaker in self._known.items()}

    def _shrink(self, keep: str) -> None:
        """Forget the one unused for longest, of those that do not keep anybody away if any."""
        if len(self._known) > self._limit:
            others = [model for model in self._known if model != keep]
            closed = (model for model in others if self._known[model].state == "closed")
            del self._known[next(closed, others[0])]
