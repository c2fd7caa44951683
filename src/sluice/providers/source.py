"""One request to one provider: what a chain of retries and fallbacks is made of."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from sluice.core.events import Attempt, Event
from sluice.core.messages import Prompt
from sluice.providers.wire import Patience


class Source(Protocol):
    """Something that can be asked once; asking again is the chain's business."""

    def attempt(
        self, prompt: Prompt, attempt: Attempt, patience: Patience, last: bool
    ) -> AsyncIterator[Sequence[Event]]:
        """Yield what arrives, one non-empty batch for each read; the last ends with `Finished`.

        Raises a `ProviderError` instead where it cannot finish. In `attempt`, `usage` is set with
        every report and `malformed` before the last batch or the error leaves; its `outcome` is
        the caller's to set. `last` says that no fallback is left, so that a first byte is worth
        a longer wait.

        Closing the iterator, or cancelling the task that awaits it, closes the provider's
        connection before control returns.
        """
        ...
