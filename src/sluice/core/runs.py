"""One run: its log, its followers, and how it stands. The engine moves it; followers read it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from sluice.core.commands import Place
from sluice.core.errors import RunExpired
from sluice.core.events import Attempt, Ending, Event, ReasoningDelta, Started, TextDelta
from sluice.core.grammar import TRANSITIONS, GrammarError
from sluice.core.log import Log
from sluice.core.messages import Prompt

TOKENS = (TextDelta, ReasoningDelta)


Listener = Callable[[Sequence[Event]], None]


class Keeper(Protocol):
    """Whoever answers for a run: told when nobody follows it any more, and when somebody does."""

    def left_alone(self, run: "Run", at_once: bool) -> None: ...
    def joined(self, run: "Run") -> None: ...


class Run:
    """One generation. It belongs to the server, not to the connection that asked for it.

    `model`       as asked, or chosen by default: `provider/name`
    `owner`       whose it is; None for an anonymous run, which its unguessable id protects
    `started`     monotonic seconds; `ended` likewise, None while it goes on
    `ended_at`    the same in epoch seconds; 0 while it goes on
    `ending`      its last event, with the receipt; None while it goes on
    `user`        the owner's name; "" for a stranger
    `place`       where its reply is kept; None where it is not
    `attempts`    what was asked of providers for it
    """

    __slots__ = (
        "_expired", "_followers", "_keeper", "_state", "attempts", "background", "clock",
        "dialect", "ended", "ended_at", "ending", "first_token", "id", "log", "model", "owner",
        "place", "playing", "prompt", "said", "started", "stopping", "task", "timer", "user",
        "wall",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        *,
        model: str,
        prompt: Prompt,
        dialect: str,
        owner: str | None,
        user: str = "",
        place: Place | None = None,
        background: bool = False,
        keeper: Keeper,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.id = id
        self.model = model
        self.prompt = prompt
        self.dialect = dialect
        self.owner = owner
        self.user = user
        self.place = place
        self.background = background
        self.clock = clock
        self.wall = wall
        self.started = clock()
        self.ended: float | None = None
        self.ended_at = 0.0
        self.first_token: float | None = None
        self.attempts: list[Attempt] = []
        self.ending: Ending | None = None
        self.log = Log()
        self.playing = False
        self.said = 0  # events so far
        self.stopping: Ending | None = None
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._keeper = keeper
        self._state = "idle"
        self._followers: list[Follower] = []
        self._expired = False

    @property
    def text(self) -> str:
        """The answer so far; the whole of it once the run has ended."""
        return self.log.text()

    @property
    def thoughts(self) -> str:
        """What the model has thought aloud so far."""
        return self.log.thoughts()

    def lengths(self) -> list[int]:
        """How many characters of the answer each event so far brought."""
        return self.log.lengths()

    @property
    def duration(self) -> float:
        """Seconds from the start to the end, or until now."""
        return (self.clock() if self.ended is None else self.ended) - self.started

    @property
    def followers(self) -> int:
        """How many follow it now."""
        return len(self._followers)

    def extend(self, events: Sequence[Event]) -> int:
        """Append events, wake the followers once, and return by how many bytes the log grew.

        Raises `GrammarError` where an event may not come now: a bug in whoever made it.
        """
        state = self._state
        for event in events:
            try:
                state = TRANSITIONS[state][type(event)]
            except KeyError:
                raise GrammarError(f"{type(event).__name__} while {state}") from None
        self._state = state
        if self.first_token is None and any(isinstance(event, TOKENS) for event in events):
            self.first_token = self.clock() - self.started
        self.said += len(events)
        grown = self.log.extend(events)
        for follower in tuple(self._followers):
            follower.hear(events)
        return grown

    def close(self, ending: Ending) -> int:
        """Append the last event; returns by how many bytes the log grew."""
        self.ended, self.ended_at = self.clock(), self.wall()
        self.ending = ending
        return self.extend((ending,))

    def expire(self) -> None:
        """Forget what was said. Who still reads is told so."""
        self._expired = True
        for follower in self._followers:
            follower.miss()
        self.log = Log()

    def follow(self, after: int = 0) -> "Follower":
        """Read the run from just past event `after`. The caller must close the follower.

        Raises `InvalidRequest` where the run has not said so much yet, `RunExpired` where it is
        no longer kept.
        """
        if self._expired:
            raise RunExpired
        if (refusal := self.log.refusal(after)) is not None:
            raise refusal
        follower = Follower(self, after)
        self._followers.append(follower)
        self._keeper.joined(self)
        return follower

    def leave(self, follower: "Follower", at_once: bool) -> None:
        """A follower is done; the last to go may take the run along."""
        self._followers.remove(follower)
        if not self._followers and self.ending is None:
            self._keeper.left_alone(self, at_once)

    def read(self, after: int) -> Sequence[Event]:
        """What was said past `after`, at most one read's worth. Raises `RunExpired`."""
        if self._expired:
            raise RunExpired
        return self.log.read(after)

    def past(self, upto: int) -> list[Event]:
        """The events up to number `upto`: what a late follower has to know, but not to say."""
        opening = Started(self.model, 0.0)
        return [opening, *self.log.read(1, upto - 1)] if upto else []


class Follower:
    """One reader of a run, at its own pace: nothing is queued for it, it reads the log.

    `position` is the number of the last event it has read.
    """

    __slots__ = ("_closed", "_listener", "_missed", "_nudged", "_run", "_waiter", "position")

    def __init__(self, run: Run, after: int) -> None:
        self._run = run
        self.position = after
        self._waiter: asyncio.Future[None] | None = None
        self._listener: Listener | None = None
        self._nudged = False
        self._missed = False
        self._closed = False

    @property
    def over(self) -> bool:
        """The run has ended, and all of it has been read."""
        run = self._run
        return run.ending is not None and self.position >= len(run.log) and not self._missed

    async def read(self) -> Sequence[Event]:
        """Everything new since the last read; waits until there is something.

        Empty after a `nudge`, and when the run is over. Raises `RunExpired` where the log has
        been given up meanwhile.
        """
        run = self._run
        if self.position == len(run.log) and run.ending is None and not self._nudged:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._nudged = False
        return self.take()

    @property
    def level(self) -> bool:
        """Everything said so far has been read."""
        return self.position >= len(self._run.log) and not self._missed

    def take(self) -> Sequence[Event]:
        """What is new, without waiting. Raises `RunExpired`."""
        events = self._run.read(self.position)
        self.position += len(events)
        return events

    def listen(self, listener: Listener) -> None:
        """Be called whenever there is something new, instead of waiting in `read`.

        The listener must be quick, and must not raise: it stands on the run's own path. It is
        given the events that have just been said, and none where it should look for itself.
        """
        self._listener = listener

    def hear(self, events: Sequence[Event]) -> None:
        """These have just been said."""
        if self._listener is not None:
            self._listener(events)
        else:
            self.wake()

    def skip(self) -> None:
        """Give up what is left to read: the follower is over as soon as the run has ended."""
        self.position = max(self.position, len(self._run.log))
        self._missed = False

    def miss(self) -> None:
        """The log is about to go: `read` will say so, unless all of it has been read."""
        self._missed = not self.over
        self.wake()

    def wake(self) -> None:
        """There is something to read."""
        if self._listener is not None:
            self._listener(())
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def nudge(self) -> None:
        """Let `read` return, even with nothing: it is time to look around."""
        self._nudged = True
        self.wake()

    def close(self, *, at_once: bool = False) -> None:
        """Stop following. With `at_once` a run that nobody else follows gets no grace."""
        if not self._closed:
            self._closed = True
            self._run.leave(self, at_once)
