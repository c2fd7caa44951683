"""A process that looks into files, seen from the server: it is asked, and it is ended.

What it says is believed no further than it must be: a file may have taken it over. Knows no queue.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import msgspec

from sluice.adapters.verdicts import (
    LARGEST_FRAME,
    LARGEST_PROMPT,
    LENGTH,
    Judged,
    Refused,
    Verdict,
    framed,
)
from sluice.core.errors import InvalidRequest, UnsupportedMediaType
from sluice.services.media.ports import KINDS, Inspected

# Neither variables for Python nor the folder it is started in decide what code a worker runs.
PROGRAM = (sys.executable, "-E", "-P", "-X", "utf8", "-m", "sluice.adapters.inspecting")
# No key of ours is in its environment. With one arena, freed memory goes back to the system.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
SHOWN = 300  # characters of a reason
REASONS = {"invalid_request": InvalidRequest, "unsupported_media_type": UnsupportedMediaType}
PROMPTS = {"image": {"image/png", "image/jpeg"}, "document": {"text/plain"}}


class Died(Exception):
    """The process ended, or talked nonsense, before its answer was whole."""


class Worker:
    """One such process. `files` is how many it was asked about; `busy` while it owes an answer."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._questions = process.stdin
        self._answers = process.stdout
        self._alarm: asyncio.TimerHandle | None = None
        self.files = 0
        self.busy = True  # until it says that it is ready

    @classmethod
    async def start(cls) -> Self:
        """A new one, which may not be ready yet. Raises `OSError`.

        It leads a session of its own, so that a Ctrl-C that is meant for the server is not for it.
        """
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        return cls(process)

    @property
    def lives(self) -> bool:
        return self._process.returncode is None

    async def be_ready(self) -> None:
        """Returns once it has loaded all that it needs. Raises `Died`."""
        if await self._frame():
            raise Died
        self.busy = False

    async def ask(self, path: bytes) -> Inspected:
        """Its verdict on a file. Raises `InvalidRequest`, `UnsupportedMediaType` and `Died`."""
        self.busy = True
        self.files += 1
        try:
            self._questions.write(framed(path))
            await self._questions.drain()
            verdict = msgspec.msgpack.decode(await self._frame(), type=Verdict)
            found = await self._believed(verdict)
        except (ConnectionError, msgspec.MsgspecError):
            raise Died from None
        self.busy = False
        if isinstance(found, Refused):
            raise REASONS[found.code](found.message[:SHOWN])
        return found

    async def _believed(self, verdict: Judged | Refused) -> Inspected | Refused:
        """What it found, whole, where that is one of the things that it may find."""
        if isinstance(verdict, Refused):
            return verdict
        kind = KINDS.get(verdict.content_type, "")
        if verdict.prompt_type not in PROMPTS.get(kind, ()):
            raise Died
        if not 0 < verdict.size <= LARGEST_PROMPT:
            raise Died
        prompt = await self._exactly(verdict.size)
        return Inspected(verdict.content_type, prompt, verdict.prompt_type)

    async def _frame(self) -> bytes:
        (length,) = LENGTH.unpack(await self._exactly(LENGTH.size))
        if length > LARGEST_FRAME:
            raise Died
        return await self._exactly(length)

    async def _exactly(self, size: int) -> bytes:
        try:
            return await self._answers.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Died from None

    def rest(self, seconds: float, then: "Callable[[Worker], None]") -> None:
        """Call this once that time has passed without a `rouse`."""
        self._alarm = asyncio.get_running_loop().call_later(seconds, then, self)

    def rouse(self) -> None:
        """It is needed again."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def kill(self) -> None:
        """Whatever it does, it does no longer."""
        self.rouse()
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self, moment: float = 0.0) -> int:
        """Kill it, and return once nothing is left of it: its exit status. For its one owner.

        `moment` is seconds that one which is ending by itself may take, so that its status is told.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), moment)
        self.kill()
        self._questions.close()
        await self._process.communicate()  # what it may still have said is in its pipe
        with suppress(ConnectionError):
            await self._questions.wait_closed()
        return await self._process.wait()
