"""The demo model: a text about the message it got, at a pace and with mishaps as asked.

What it does stands in its name (`script.py`), what it says in `recital.py`. Needs no provider, so
front ends and operators can rehearse anything. Opens no socket.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sluice.core.events import Attempt, Finished, TextDelta, Usage
from sluice.core.messages import Document, Message, Prompt
from sluice.core.ports import Say
from sluice.providers.recital import recite
from sluice.providers.script import parse
from sluice.providers.wire import Patience

LETTERS = 6  # of a document that make a token


class Demo:
    """A `Source` whose model is a script. `clock` gives monotonic seconds."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep

    async def attempt(
        self, prompt: Prompt, attempt: Attempt, patience: Patience, last: bool, say: Say
    ) -> None:
        """See `Source`; one token a batch. Its patience is the script's, not the operator's."""
        script = parse(prompt.model)
        said = recite(script, prompt)
        limit = len(said) if prompt.max_tokens is None else min(len(said), prompt.max_tokens)
        asked = sum(map(_length, prompt.messages))
        start = self._clock()
        for count, token in enumerate(said[:limit]):
            # Each token has its own time, so that the pace does not drift; and even one that is
            # late lets others run before it.
            await self._sleep(max(0.0, start + script.due(count) - self._clock()))
            if script.failure is not None and count == script.failure_at:
                raise script.failure
            attempt.usage = Usage(asked, count + 1)
            say((TextDelta(token),))
        if script.failure is not None and limit == script.failure_at:
            await self._sleep(max(0.0, start + script.due(limit) - self._clock()))
            raise script.failure
        attempt.usage = Usage(asked, limit)
        say((attempt.usage, Finished("stop" if limit == len(said) else "length")))

    def spoilt(self) -> None:
        """See `Source`: it needs no key."""


def _length(turn: Message) -> int:
    """The tokens of a turn; those of long documents are not counted one by one."""
    documents = (part.text for part in turn.parts if isinstance(part, Document))
    return len(turn.text.split()) + sum(len(text) // LETTERS for text in documents)
