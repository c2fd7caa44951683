"""A run as Python code sees it: an async iterator of text that stops the run when it is left."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from types import TracebackType

from sluice.core.errors import SluiceError, from_code
from sluice.core.events import Failed, FinishReason, Receipt, TextDelta
from sluice.core.runs import Follower, Run


class TextStream:
    """The pieces of one answer, as they arrive.

    `model`          as chosen; once the answer has ended, the one that gave it
    `receipt`        tokens, cost and attempts; None until the answer has ended
    `finish_reason`  None until the answer has ended well

    Iterating raises the typed errors of `sluice.errors`. Leave it by `async with`, or by
    `aclose()`, and the provider's connection is closed before you go on; a `break` closes it too
    once nobody holds the stream any more.
    """

    def __init__(
        self,
        begin: Callable[[], Awaitable[Run]],
        finish: Callable[[], Coroutine[None, None, None]] | None = None,
    ) -> None:
        self.model = ""
        self.receipt: Receipt | None = None
        self.finish_reason: FinishReason | None = None
        self._begin = begin
        self._finish = finish
        self._pieces: deque[str] = deque()
        self._run: Run | None = None
        self._follower: Follower | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._error: SluiceError | None = None
        self._closed = False
        self._ended = False

    def __aiter__(self) -> "TextStream":
        return self

    async def __anext__(self) -> str:
        while not self._pieces:
            if self._error is not None:  # once what was said before it has been handed out
                error, self._error = self._error, None
                raise error
            if self._closed:
                raise StopAsyncIteration
            await self._read(self._follower or await self._open())
        return self._pieces.popleft()

    async def __aenter__(self) -> "TextStream":
        if self._follower is None:
            await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop. The provider's connection is closed when this returns."""
        self._closed = True
        run, follower = self._run, self._follower
        if run is not None and follower is not None:
            follower.close(at_once=True)
            if run.task is not None:
                await asyncio.wait([run.task])
            self._note(run)
        await self._end()

    def __del__(self) -> None:
        loop = self._loop
        if self._ended or loop is None or loop.is_closed():
            return
        if self._follower is not None:
            loop.call_soon_threadsafe(partial(self._follower.close, at_once=True))
        if self._finish is not None:
            loop.call_soon_threadsafe(loop.create_task, self._finish())

    async def _open(self) -> Follower:
        self._loop = asyncio.get_running_loop()
        try:
            self._run = run = await self._begin()
        except BaseException:
            await self._end()
            raise
        self.model = run.model
        self._follower = run.follow()
        return self._follower

    async def _read(self, follower: Follower) -> None:
        assert self._run is not None
        for event in await follower.read():
            if isinstance(event, TextDelta):
                self._pieces.append(event.text)
        if follower.over:
            self._closed = True
            follower.close()
            self._note(self._run)
            await self._end()
            if isinstance(ending := self._run.ending, Failed):
                self._error = from_code(ending.code, ending.message)

    async def _end(self) -> None:
        if not self._ended:
            self._ended = True
            if self._finish is not None:
                await self._finish()

    def _note(self, run: Run) -> None:
        if run.ending is None:
            return
        self.receipt = run.ending.receipt
        if self.receipt is not None:
            self.model = self.receipt.model
        if not isinstance(run.ending, Failed):
            self.finish_reason = run.ending.reason
