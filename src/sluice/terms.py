"""What the operator has decided, in the services' own terms."""

import time

from sluice.services.cache import Answers
from sluice.services.points import Tariff
from sluice.settings import Settings


def tariff_of(settings: Settings) -> Tariff:
    """What points replies cost, and where."""
    return Tariff(settings.points, settings.tokens_per_point)


def answers_of(settings: Settings) -> Answers | None:
    """The answers that are known, where they are to be."""
    if settings.cache_ttl == 0:
        return None
    return Answers(settings.cache_ttl, settings.cache_memory, time.monotonic)
