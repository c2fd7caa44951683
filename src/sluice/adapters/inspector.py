"""An `Inspector`: files are judged in processes of their own, which may crash, swell or hang.

Knows no file format, and not what is said over the pipes.
"""

import asyncio
import logging
import os
import signal

from sluice.adapters.verdicts import PATIENCE
from sluice.adapters.worker import Died, Worker
from sluice.core.errors import Interrupted, InvalidRequest, Overloaded
from sluice.services.media.ports import Inspected

START = 30.0  # seconds that a worker has to load its parsers
TOO_LONG = "The file takes too long to be read."
DYING = 1.0  # seconds that a process which says nothing more may take to end
UNREADABLE = "The file could not be read: it is malformed."
NONE_STARTS = "No file can be looked into just now."

log = logging.getLogger("sluice.inspector")


class ProcessInspector:
    """An `Inspector` with up to so many `processes`, started when files come.

    `waiting`   files that may wait for a free one
    `patience`  seconds a file may take, its wait not counted
    `files`     files after which a process is replaced
    `rest`      seconds without work after which one is ended
    """

    def __init__(
        self,
        processes: int = 1,
        waiting: int = 16,
        patience: float = PATIENCE,
        files: int = 100,
        rest: float = 60.0,
    ) -> None:
        self._processes = processes
        self._free = asyncio.Semaphore(processes)
        self._room = processes + waiting
        self._patience = patience
        self._files = files
        self._rest = rest
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._ending: set[asyncio.Task[int]] = set()
        self._closed = False

    async def inspect(self, path: str) -> Inspected:
        """See `Inspector`. A process whose answer nobody waits for any more is killed."""
        if self._closed:
            raise Interrupted
        if self._room == 0:
            raise Overloaded("Too many files wait to be looked into.", retry_after=self._patience)
        self._room -= 1
        try:
            async with self._free:
                return await self._inspect(os.fsencode(path))
        finally:
            self._room += 1

    async def close(self) -> None:
        """End all processes. Files that wait or are being judged get `Interrupted`."""
        self._closed = True
        for worker in self._busy:
            worker.kill()
        for _ in range(self._processes):  # whoever has one ends it, and leaves
            await self._free.acquire()
        for _ in range(self._processes):
            self._free.release()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(worker.end() for worker in idle), *self._ending)

    async def _inspect(self, path: bytes) -> Inspected:
        worker = await self._worker()
        self._busy.add(worker)
        try:
            if worker.busy:
                await self._await_ready(worker)
            async with asyncio.timeout(self._patience):
                return await worker.ask(path)
        except TimeoutError:
            raise InvalidRequest(TOO_LONG) from None
        except Died:
            raise self._reason(await worker.end(DYING)) from None
        finally:
            self._busy.discard(worker)
            await self._put_back(worker)

    async def _worker(self) -> Worker:
        """One that lives. Raises `Overloaded` where none can be started, and `Interrupted`."""
        while self._idle and not self._closed:
            worker = self._idle.pop()
            worker.rouse()
            if worker.lives:
                return worker
            await worker.end()
        if self._closed:
            raise Interrupted
        try:
            return await Worker.start()
        except OSError as problem:
            log.error("no worker can be started: %s", type(problem).__name__)
            raise Overloaded(NONE_STARTS) from None

    async def _await_ready(self, worker: Worker) -> None:
        try:
            async with asyncio.timeout(START):
                await worker.be_ready()
        except (TimeoutError, Died):
            if self._closed:
                raise Interrupted from None
            log.error("a worker did not come up")
            raise Overloaded(NONE_STARTS) from None
        if self._closed:
            raise Interrupted

    def _reason(self, code: int) -> InvalidRequest | Interrupted:
        """Why there is no answer from a worker that ended with this status."""
        if self._closed:
            return Interrupted()
        log.warning("a worker ended with %d while it read a file", code)
        return InvalidRequest(TOO_LONG if code == -signal.SIGXCPU else UNREADABLE)

    async def _put_back(self, worker: Worker) -> None:
        if worker.busy or worker.files >= self._files or self._closed:
            await worker.end()
        else:
            self._idle.append(worker)
            worker.rest(self._rest, self._retire)

    def _retire(self, worker: Worker) -> None:
        """It has had nothing to do for a while: its memory is given back."""
        self._idle.remove(worker)
        task = asyncio.get_running_loop().create_task(worker.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
