"""Who was let in stays so until it expires or is revoked, here or elsewhere."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from sluice.core.commands import Principal
from sluice.core.errors import StoreUnavailable
from sluice.services.accounts.ports import Subject
from sluice.services.identity import Admitted
from sluice.services.standing import KEPT, OVERLAP, Revocations, Watchman

Row = tuple[Subject, str, datetime]


class World:
    """The wall clock, and the store in which other servers write. `asked` is from when on."""

    def __init__(self) -> None:
        self.now = 10_000.0
        self.rows: list[Row] = []
        self.asked: list[float] = []
        self.down = False
        self.looked = asyncio.Event()
        self.revocations = Revocations()
        self.watchman = Watchman(self, self.revocations, lambda: self.now)
        self.ended: list[str] = []

    async def revoked_since(self, at: datetime) -> Sequence[Row]:
        self.asked.append(at.timestamp())
        self.looked.set()
        if self.down:
            raise StoreUnavailable
        return [row for row in self.rows if row[2] >= at]

    def write(self, kind: Subject, id: str, at: float) -> None:
        self.rows.append((kind, id, datetime.fromtimestamp(at, UTC)))

    def open(self, name: str, who: Principal) -> Callable[[], None]:
        return self.watchman.watch(who, lambda: self.ended.append(name))

    async def over(self) -> list[str]:
        """The streams that have ended since it was last asked."""
        await asyncio.sleep(0)
        ended, self.ended = sorted(self.ended), []
        return ended


@pytest.fixture
def world() -> World:
    return World()


def person(id: str, login: str | None = None, expires: float | None = None) -> Admitted:
    return Admitted(id=id, login=login, expires=expires)


def open_four(world: World) -> None:
    world.open("page", person("ann", "login-1", 10_900.0))
    world.open("phone", person("ann", "login-2", 10_900.0))
    world.open("script", person("ann", "key_1"))
    world.open("bob", person("bob", "login-3"))


@pytest.mark.parametrize(
    ("kind", "id", "ended"),
    [
        ("login", "login-1", ["page"]),
        ("key", "key_1", ["script"]),
        ("user", "ann", ["page", "phone", "script"]),
        ("user", "carol", []),
    ],
)
async def test_what_is_revoked_ends_its_streams_here_and_from_elsewhere(
    world: World, kind: Subject, id: str, ended: list[str]
) -> None:
    open_four(world)
    world.watchman.revoked(kind, id)
    assert await world.over() == ended
    world.watchman.revoked(kind, id)
    assert await world.over() == []

    other = World()
    open_four(other)
    other.write(kind, id, at=9_999.0)
    await other.watchman.look()
    assert await other.over() == ended
    await other.watchman.look()
    assert await other.over() == []


async def test_a_stream_that_is_watched_no_more_hears_nothing_and_leaves_nothing(
    world: World,
) -> None:
    unwatch = world.open("page", person("ann", "login-1", 10_005.0))
    world.open("stays", person("ann", "login-2", 10_900.0))()
    in_between = world.open("page", person("ann", "login-1", 10_005.0))
    unwatch()
    unwatch()
    world.watchman.revoked("user", "ann")
    in_between()  # between the revocation and the loop's next turn
    world.now += 10
    world.watchman.tick()
    assert await world.over() == []
    assert len(world.watchman) == 0


@pytest.mark.parametrize("step", [0.25, 1.0, 7.0, 5000.0])
async def test_a_stream_ends_when_its_time_is_over_and_not_before(
    world: World, step: float
) -> None:
    ends = {"soon": 10_000.5, "later": 10_003.0, "a round later": 10_003.0 + 1024, "day": 96_400.0}
    for name, moment in ends.items():
        world.open(name, person("ann", "login", moment))
    world.open("never", person("ann", "key_1"))
    while world.now < 12_000:
        world.now += step
        world.watchman.tick()
        due = [name for name, moment in ends.items() if moment <= world.now]
        assert await world.over() == sorted(due)
        for name in due:
            del ends[name]
    assert set(ends) == {"day"}


async def test_a_clock_that_is_set_back_forgets_no_stream(world: World) -> None:
    world.open("page", person("ann", "login", 9_500.5))
    assert await world.over() == ["page"]
    world.now = 9_000.0
    world.open("page", person("ann", "login", 9_500.5))
    world.watchman.tick()
    world.now = 9_501.0
    world.watchman.tick()
    assert await world.over() == ["page"]


@pytest.mark.parametrize(
    ("who", "ended"),
    [
        (person("ann", "login-1", 9_999.0), True),  # expired on the way
        (Admitted(id="ann", login="login-2", since=0), True),  # let in before ann was revoked
        (Admitted(id="ann", login="login-2", since=2), False),  # and again after it
        (Admitted(id="bob", login="login-3", since=0), True),  # before that login was
        (Admitted(id="bob", login="login-4", since=0), False),
    ],
)
async def test_what_ended_between_being_let_in_and_being_watched_is_not_missed(
    world: World, who: Principal, ended: bool
) -> None:
    world.watchman.revoked("user", "ann")
    world.watchman.revoked("login", "login-3")
    world.open("stream", who)
    assert await world.over() == (["stream"] if ended else [])


async def test_one_stream_that_goes_wrong_keeps_no_other_from_ending(world: World) -> None:
    problems: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(str(context["exception"])))

    def broken() -> None:
        raise RuntimeError("broken")

    world.watchman.watch(person("ann", "login-1"), broken)
    world.open("page", person("ann", "login-2"))
    world.watchman.revoked("user", "ann")
    assert await world.over() == ["page"]
    assert problems == ["broken"]


async def test_a_look_reaches_back_as_far_as_tokens_live_and_then_a_minute(world: World) -> None:
    await world.watchman.look()
    world.now += 2
    await world.watchman.look()
    assert world.asked == [10_000.0 - KEPT, 10_000.0 - OVERLAP]


async def test_what_is_committed_late_is_heard_of(world: World) -> None:
    world.open("page", person("ann", "login-1"))
    await world.watchman.look()
    world.now += 2
    world.write("login", "login-1", at=10_000.0 - 30)
    await world.watchman.look()
    assert await world.over() == ["page"]


async def test_an_outage_of_the_store_is_survived_and_said_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "sluice.standing")
    world.open("page", person("ann", "login-1"))
    await world.watchman.look()
    world.down = True
    for _ in range(3):
        world.now += 600
        await world.watchman.look()
    assert len(caplog.messages) == 1
    world.down = False
    world.write("login", "login-1", at=10_100.0)
    await world.watchman.look()
    assert await world.over() == ["page"]
    assert caplog.messages[1:] == ["the store is back"]
    assert world.asked[-1] == 10_000.0 - OVERLAP


async def test_it_lives_until_cancelled(world: World) -> None:
    living = asyncio.create_task(world.watchman.live())
    await world.looked.wait()
    living.cancel()
    await asyncio.wait([living])
    assert living.cancelled()


@pytest.mark.parametrize(
    ("user", "login", "issued", "ended"),
    [
        ("ann", "login-9", 499.9, True),
        ("ann", "login-9", 500.0, True),
        ("ann", "login-9", 500.1, False),  # ann was let in again
        ("bob", "login-1", 999.0, True),  # a login never comes back
        ("bob", "login-9", 0.0, False),
        ("bob", None, 0.0, False),
    ],
)
def test_a_user_may_come_back_and_a_login_never_does(
    user: str, login: str | None, issued: float, ended: bool
) -> None:
    revocations = Revocations()
    revocations.hear("ann", 500.0, 500.0)
    revocations.hear("login-1", 500.0, 500.0)
    assert revocations.ended(user, login, issued) is ended


def test_revocations_are_forgotten_after_a_while_and_beyond_so_many() -> None:
    revocations = Revocations(most=3)
    assert [revocations.hear(id, 100.0, 100.0) for id in ("a", "b", "c", "d")] == [True] * 4
    assert [revocations.ended("u", id, 0.0) for id in ("a", "b", "d")] == [False, True, True]
    revocations.hear("e", 100.0 + KEPT, 100.0 + KEPT)
    assert [revocations.ended("u", id, 0.0) for id in ("d", "e")] == [False, True]
    assert revocations.hear("e", 100.0 + KEPT, 100.0 + KEPT) is False
