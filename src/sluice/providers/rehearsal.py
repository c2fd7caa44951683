"""What is asked for show: of the demo, or with a key that nobody knows. Leaves no marks."""

from collections.abc import Callable

import msgspec

from sluice.providers.backoff import Backoff
from sluice.providers.breaker import Breakers
from sluice.providers.conduct import Conduct
from sluice.providers.health import Health


def rehearsed(name: str, provider: str | None) -> str:
    """The script for the demo where it answers to every name: its own parameters, or none."""
    own, _, script = name.partition("/")
    if own == "demo":
        return script
    return name if provider == "demo" and {"=", "@"} & set(name) else ""


def rehearsal(conduct: Conduct, clock: Callable[[], float]) -> Conduct:
    """How it is asked: once. What one user rehearses is no mark against it for others."""
    return msgspec.structs.replace(
        conduct,
        backoff=Backoff(retries=0),
        breakers=Breakers(threshold=1 << 62, cooldown=0.0, clock=clock),
        health=Health(),
    )
