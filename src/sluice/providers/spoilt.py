"""A key that no provider knows, for whoever wants to see how a refusal arrives. Does no I/O."""

from copy import copy
from typing import Self

from sluice.core.errors import ProviderError
from sluice.core.events import Attempt
from sluice.core.messages import Prompt
from sluice.core.ports import Say

SPOILT = "sk-sluice-deliberately-invalid"


class Keyed:
    """A wire that may hold a key."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def spoilt(self) -> Self | None:
        """The same wire with a key that nobody knows; None where it goes without one."""
        if not self._key:
            return None
        other = copy(self)
        other._key = SPOILT
        return other


class Refusing:
    """A `core.ports.Provider` that says no as soon as it is asked, and asks nobody."""

    def __init__(self, error: ProviderError) -> None:
        self._error = error

    async def generate(self, prompt: Prompt, attempts: list[Attempt], say: Say) -> None:
        """Raises the error that it was made with."""
        raise self._error
