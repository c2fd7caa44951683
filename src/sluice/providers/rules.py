"""What becomes of a run whose request failed: the rules, as one table. Pure.

They hold before the first token only: after it, nobody else finishes a sentence.
"""

from typing import Literal, NamedTuple

from sluice.core import errors
from sluice.core.errors import ProviderError, SluiceError

Next = Literal["retry", "fallback", "larger_window", "stop"]
Blame = Literal["failed", "refused", "none"]


class Rule(NamedTuple):
    """What one kind of failure leads to.

    `next`    `retry`: the same model again, then as `fallback`; `fallback`: the next model;
              `larger_window`: the next model that takes a longer prompt; `stop`: nobody
    `counts`  towards opening the model's breaker
    `blame`   what it says of the provider's health
    """

    next: Next
    counts: bool = False
    blame: Blame = "none"


# A provider that limits our rate counts for the breaker, though it is in good health: asking on
# makes it worse, and the fallback answers sooner. Any answer starts the count afresh.
RULES: dict[type[SluiceError], Rule] = {
    errors.ProviderUnavailable: Rule("retry", counts=True, blame="failed"),
    errors.ProviderBadResponse: Rule("retry", counts=True, blame="failed"),
    errors.ProviderRateLimited: Rule("retry", counts=True),
    errors.ProviderTimeout: Rule("fallback", counts=True, blame="failed"),
    errors.ProviderAuth: Rule("fallback", blame="refused"),
    errors.ProviderNotConfigured: Rule("fallback"),
    errors.ProviderModelNotFound: Rule("fallback"),
    errors.ContextTooLong: Rule("larger_window"),
    errors.ContentFiltered: Rule("stop"),
    errors.ProviderRefused: Rule("stop"),
    errors.ProviderError: Rule("stop"),
}


def rule(error: ProviderError) -> Rule:
    """The rule for an error: that of its class, or of the nearest class above it."""
    return next(RULES[kind] for kind in type(error).__mro__ if kind in RULES)
