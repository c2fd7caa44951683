"""One request to one provider: what a chain of retries and fallbacks is made of."""

from typing import Protocol

from sluice.core.events import Attempt
from sluice.core.messages import Prompt
from sluice.core.ports import Say
from sluice.providers.wire import Patience


class Source(Protocol):
    """Something that can be asked once; asking again is the chain's business."""

    async def attempt(
        self, prompt: Prompt, attempt: Attempt, patience: Patience, last: bool, say: Say
    ) -> None:
        """Say what arrives, one non-empty batch for each read; the last ends with `Finished`.

        Raises a `ProviderError` instead where it cannot finish. In `attempt`, `usage` is set with
        every report and `malformed` before the last batch or the error leaves; its `outcome` is
        the caller's to set. `last` says that no fallback is left, so that a first byte is worth
        a longer wait.

        Cancelling the task that awaits it closes the provider's connection before control
        returns, and so does what `say` raises.
        """
        ...

    def spoilt(self) -> "Source | None":
        """The same with a key that the provider does not know; None where it goes without one."""
        ...
