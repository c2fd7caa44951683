"""What was found out lately, and what is being found out now. Knows not what about."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from sluice.core.errors import Overloaded, SluiceError, StoreUnavailable

T = TypeVar("T")

AT_ONCE = 32
IN_LINE = 2_000
PATIENCE = 10.0  # seconds


class Recent(Generic[T]):
    """Values that hold for a while, by name; at most so many: the oldest go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def get(self, name: str, now: float) -> T | None:
        """The value, as long as it holds."""
        found = self._kept.get(name)
        if found is None:
            return None
        if found[1] > now:
            return found[0]
        del self._kept[name]
        return None

    def put(self, name: str, value: T, now: float, until: float) -> None:
        """Keep a value until that moment, in place of what had its name."""
        self._kept.pop(name, None)
        self._kept[name] = (value, until)
        oldest = next(iter(self._kept.values()))
        while oldest[1] <= now or len(self._kept) > self._most:
            self._kept.popitem(last=False)
            if not self._kept:
                return
            oldest = next(iter(self._kept.values()))

    def drop(self, name: str) -> T | None:
        """Forget a value, and return it, whether or not it still holds."""
        found = self._kept.pop(name, None)
        return None if found is None else found[0]

    def __len__(self) -> int:
        return len(self._kept)


class Lookups(Generic[T]):
    """Asks each question once for all who want to know: so many at once, and so many in line.

    Whoever asks may leave without ending it for the others.
    """

    def __init__(
        self, at_once: int = AT_ONCE, in_line: int = IN_LINE, patience: float = PATIENCE
    ) -> None:
        self._turn = asyncio.Semaphore(at_once)
        self._most = at_once + in_line
        self._patience = patience
        self._asked: dict[str, asyncio.Task[T | SluiceError]] = {}

    async def once(self, name: str, ask: Callable[[], Awaitable[T]]) -> T | SluiceError:
        """What `ask` finds out, or the `SluiceError` that it raises: `Overloaded` where too many
        wait already, or nothing comes in time."""
        task = self._asked.get(name)
        if task is None:
            if len(self._asked) >= self._most:
                return Overloaded("Too many are signing in just now.", retry_after=1)
            task = self._asked[name] = asyncio.create_task(self._ask(ask), name="who asks")
            task.add_done_callback(lambda _: self._asked.pop(name))
        return await asyncio.shield(task)

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T | SluiceError:
        try:
            async with self._turn, asyncio.timeout(self._patience):
                return await ask()
        except SluiceError as problem:
            return problem
        except TimeoutError:
            return StoreUnavailable()
