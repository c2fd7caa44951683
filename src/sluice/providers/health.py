"""How the providers do, as real traffic has shown it. Asks nobody anything."""

from typing import Literal

State = Literal["ok", "failing", "unknown"]


class Health:
    """A mark for each provider's name. `patience` is how many failures in a row make it failing."""

    def __init__(self, patience: int = 3) -> None:
        self._patience = patience
        self._states: dict[str, State] = {}
        self._failures: dict[str, int] = {}

    def state(self, provider: str) -> State:
        """`unknown` until it has been asked."""
        return self._states.get(provider, "unknown")

    def answered(self, provider: str) -> None:
        """It spoke."""
        self._states[provider] = "ok"
        self._failures[provider] = 0

    def failed(self, provider: str) -> None:
        """It broke off, kept silent or could not be reached: once may happen to anybody."""
        self._failures[provider] = self._failures.get(provider, 0) + 1
        if self._failures[provider] >= self._patience:
            self._states[provider] = "failing"

    def refused(self, provider: str) -> None:
        """It did not take our key: no need to see that twice."""
        self._states[provider] = "failing"
