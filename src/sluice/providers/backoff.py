"""How long to wait before asking again. Pure arithmetic: knows no clock, and never waits."""

import msgspec


class Backoff(msgspec.Struct, frozen=True):
    """How often one model is asked again, and after how long; times in seconds.

    `retries`  repetitions, at most
    `base`     longest wait before the first repetition; doubles with each
    `cap`      longest wait before any repetition, a provider's `Retry-After` included
    `budget`   all waits of one run together, at most
    """

    retries: int = 2
    base: float = 0.5
    cap: float = 8.0
    budget: float = 60.0

    def pause(
        self, repetition: int, chance: float, retry_after: float | None = None
    ) -> float | None:
        """Seconds to wait before this repetition (the first is 0); None: do not ask again.

        Full jitter: anything between nothing and the doubled base, as `chance` (0..1) decides,
        so that many who failed together do not come back together. A provider that names a time
        gets at least that time; one that names more than `cap` is not worth waiting for.
        """
        if repetition >= self.retries:
            return None
        if retry_after is None:
            return chance * min(self.cap, self.base * 2**repetition)
        if retry_after > self.cap:
            return None
        return max(0.0, retry_after) + chance * min(self.cap, self.base)
