"""Runs runs: start, find, cancel, drain.

A run writes to its log and any number of followers read that, in any dialect, from any position.
Resume, fan-out and surviving a closed laptop are then one idea. The only tasks of the core.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager

import msgspec

from sluice.core.commands import Place
from sluice.core.errors import (
    Interrupted,
    Overloaded,
    ProviderTimeout,
    ProviderUnavailable,
    RunExpired,
    SluiceError,
)
from sluice.core.events import Ending, Failed, Finished, Started
from sluice.core.messages import Prompt
from sluice.core.ports import Enough, Provider, Settle
from sluice.core.runs import Run
from sluice.core.saying import Chronicle, Saying
from sluice.core.shelf import Shelf

log = logging.getLogger("sluice.engine")

CANCELLED = Finished("cancelled")
SILENT = "The model stopped without finishing its answer."
CLOSING = 5.0  # seconds that interrupted runs get for their accounts, at most
ARRIVAL = 1.0  # seconds that whoever starts a run has to follow it, even where there is no grace
EXPIRY_TICK = 1.0  # seconds between two looks at what has been kept for long enough, at least


class Bounds(msgspec.Struct, frozen=True):
    """How much, how long: seconds, bytes and runs; see `settings.py` for each."""

    grace: float = 10.0
    retention: float = 600.0
    timeout: float = 900.0
    run_memory: int = 4 << 20
    log_memory: int = 256 << 20
    max_runs: int = 5000


class Engine:
    """Everything that runs in this process."""

    def __init__(
        self,
        settle: Settle,
        bounds: Bounds,
        *,
        new_id: Callable[[], str],
        clock: Callable[[], float],
        wall: Callable[[], float],
        chronicle: Chronicle | None = None,
    ) -> None:
        self._chronicle = chronicle
        self._settle = settle
        self._bounds = bounds
        self._new_id = new_id
        self._clock = clock
        self._wall = wall
        self._live: dict[str, Run] = {}
        self._arriving = 0  # admitted, and not started yet
        self._shelf = Shelf(bounds.retention, bounds.log_memory)
        self._expiry: asyncio.TimerHandle | None = None
        self.draining = False

    @property
    def live(self) -> int:
        """How many runs go on now."""
        return len(self._live)

    def runs(self) -> list[Run]:
        """The runs that go on now, the oldest first."""
        return list(self._live.values())

    @property
    def followers(self) -> int:
        """How many followers the live runs have."""
        return sum(run.followers for run in self._live.values())

    @property
    def memory(self) -> int:
        """About how many bytes all logs take."""
        return self._shelf.used

    @contextmanager
    def admit(self, *, part: bool = False) -> Generator[str]:
        """Room for a run, kept while it is being prepared; gives the id that it is to have.

        One that is `part` of another run belongs to its end: it is taken even while draining.
        Raises `Overloaded`.
        """
        if self.draining and not part:
            raise Overloaded("The server is shutting down.", retry_after=5)
        if len(self._live) + self._arriving >= self._bounds.max_runs or not self._shelf.grow(0):
            raise Overloaded(retry_after=1)
        self._arriving += 1
        try:
            yield self._new_id()
        finally:
            self._arriving -= 1

    def start(
        self,
        id: str,
        provider: Provider,
        prompt: Prompt,
        *,
        model: str,
        dialect: str,
        owner: str | None = None,
        user: str = "",
        place: Place | None = None,
        background: bool = False,
    ) -> Run:
        """Begin a run that has been admitted; it has said `Started` when this returns.

        Follow it, or it runs its grace.
        """
        run = Run(
            id,
            model=model,
            prompt=prompt,
            dialect=dialect,
            owner=owner,
            user=user,
            place=place,
            background=background,
            keeper=self,
            clock=self._clock,
            wall=self._wall,
        )
        self._live[run.id] = run
        self._shelf.grow(run.extend((Started(model, self._wall()),)))
        if self._chronicle is not None:
            self._chronicle.began(run)
        run.task = asyncio.create_task(self._drive(run, provider), name=f"run {run.id}")
        run.task.add_done_callback(_look_back)
        self._wait_for_somebody(run, max(self._bounds.grace, ARRIVAL))
        return run

    def find(self, id: str) -> Run:
        """A run that goes on, or is still kept. Raises `RunExpired`."""
        run = self._live.get(id) or self._shelf.get(id)
        if run is None:
            raise RunExpired
        return run

    def stop(self, run: Run) -> None:
        """Stop a run at once, for everybody."""
        self._stop(run, CANCELLED)

    async def cancel(self, run: Run) -> Ending:
        """Stop a run at once, and return how it ended, which it may have before."""
        self.stop(run)
        if run.task is not None:
            await asyncio.wait([run.task])
        return run.ending or CANCELLED

    async def drain(self, seconds: float) -> None:
        """Take no new runs; give those that go on `seconds`, then interrupt them."""
        self.draining = True
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=seconds)
        for run in list(self._live.values()):
            self._stop(run, self._failed(Interrupted()))
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=CLOSING)

    def left_alone(self, run: Run, at_once: bool) -> None:
        """Nobody follows the run: it gets its grace, unless it is to go on whatever happens."""
        if run.background or run.timer is not None:
            return
        if at_once or self._bounds.grace == 0:
            self._stop(run, CANCELLED)
        else:
            self._wait_for_somebody(run, self._bounds.grace)

    def joined(self, run: Run) -> None:
        """Somebody follows the run (again)."""
        if run.timer is not None:
            run.timer.cancel()
            run.timer = None

    def _wait_for_somebody(self, run: Run, seconds: float) -> None:
        if not run.background:
            loop = asyncio.get_running_loop()
            run.timer = loop.call_later(seconds, self._stop, run, CANCELLED)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [run.task for run in self._live.values() if run.task is not None]

    def _stop(self, run: Run, ending: Ending) -> None:
        # Once only: a second cancel would hit the settling. And only while it plays: a task that
        # is cancelled before its first step never enters its `try`, so `_play` looks for itself.
        if run.stopping is None and run.ending is None:
            run.stopping = ending
            if run.playing and run.task is not None:
                run.task.cancel()

    def _failed(self, error: SluiceError) -> Failed:
        return Failed(error.code, error.message, self._wall())

    async def _drive(self, run: Run, provider: Provider) -> None:
        late = self._failed(ProviderTimeout("The reply took longer than a run may take."))
        limit = asyncio.get_running_loop().call_later(self._bounds.timeout, self._stop, run, late)
        ending = await self._play(run, provider)
        limit.cancel()
        self.joined(run)  # what is over needs no grace
        settled: Ending = self._failed(SluiceError())  # should the accounts break
        try:
            receipt = await self._settle(run, ending)
            settled = msgspec.structs.replace(ending, receipt=receipt)
        finally:  # whatever becomes of the accounts, nobody is left waiting for an end
            self._retire(run, settled)

    async def _play(self, run: Run, provider: Provider) -> Ending:
        if run.stopping is not None:
            return run.stopping
        run.playing = True
        try:
            saying = Saying(run, self._shelf, self._bounds.run_memory, self._chronicle)
            await provider.generate(run.prompt, run.attempts, saying)
            return saying.ending or self._failed(ProviderUnavailable(SILENT))
        except asyncio.CancelledError:
            return run.stopping or self._failed(Interrupted())
        except SluiceError as error:
            return self._failed(error)
        except Enough:
            return Finished("length")
        except Exception as bug:  # noqa: BLE001 - the one place where a bug ends: the run's task
            _report(f"run {run.id}", bug)
            return self._failed(SluiceError())
        finally:
            run.playing = False

    def _retire(self, run: Run, ending: Ending) -> None:
        self._shelf.grow(run.close(ending))
        if self._chronicle is not None:
            self._chronicle.ended(run)
        run.prompt = msgspec.structs.replace(run.prompt, messages=())  # which no budget counts
        del self._live[run.id]
        self._shelf.put(run)
        if self._expiry is None:
            self._expire()

    def _expire(self) -> None:
        now = self._clock()
        due = self._shelf.expire(now)
        self._expiry = None
        if due is not None:
            delay = max(due - now, EXPIRY_TICK)
            self._expiry = asyncio.get_running_loop().call_later(delay, self._expire)


def _look_back(task: asyncio.Task[None]) -> None:
    """Take note of what broke a run's accounts, which is the only thing that leaves its task."""
    if not task.cancelled() and (bug := task.exception()) is not None:
        _report(task.get_name(), bug)


def _report(name: str, bug: BaseException) -> None:
    """Log a bug by its kind and place: its text may hold somebody's words."""
    where = "".join(traceback.format_tb(bug.__traceback__))
    log.error("%s broke: %s\n%s", name, type(bug).__name__, where)
