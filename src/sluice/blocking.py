"""Answers for code that has no event loop of its own: scripts and notebooks."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue

from sluice.client import Client
from sluice.core.messages import Message
from sluice.services.text import TextStream


def stream(
    model: str | None = None,
    prompt: str | None = None,
    *,
    messages: Sequence[Message] | None = None,
    system: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> Iterator[str]:
    """Ask a model, and iterate over the pieces of its answer.

    ```python
    for text in sluice.stream("openai/gpt-4o-mini", "Hello"):
        print(text, end="", flush=True)
    ```

    Works inside a running loop too, as in a notebook. Leaving the loop early closes the provider's
    connection. Raises the errors of `sluice.errors`, and `ValueError` where there is nothing to
    ask.
    """

    def ask(llm: Client) -> TextStream:
        return llm.stream(
            model,
            prompt,
            messages=messages,
            system=system,
            temperature=temperature,
            max_tokens=max_tokens,
        )

    worker = Worker(ask)
    try:
        yield from worker.pieces()
    finally:
        worker.stop()


class Worker:
    """One answer, streamed by an event loop in a thread of its own."""

    def __init__(self, ask: Callable[[Client], TextStream]) -> None:
        self._ask = ask
        self._pieces: SimpleQueue[str | BaseException | None] = SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._relay())
        self._thread = threading.Thread(target=self._work, name="sluice.stream", daemon=True)
        self._thread.start()

    def pieces(self) -> Iterator[str]:
        """What arrives, as it arrives."""
        while (piece := self._pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def stop(self) -> None:
        """Close the provider's connection, and wait until that is done."""
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    async def _relay(self) -> None:
        async with Client() as llm, self._ask(llm) as answer:
            async for text in answer:
                self._pieces.put(text)

    def _work(self) -> None:
        last: BaseException | None = None
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again, where it is waited for
            last = error
        finally:
            self._loop.close()
            self._pieces.put(last)
