"""How many runs each caller has at once."""

import asyncio

import pytest

from sluice.core.commands import Principal
from sluice.core.errors import Overloaded
from sluice.core.runs import Run
from sluice.services.guests import PlacesPerCaller
from tests.core.actors import PROMPT

ANN, BOB = Principal(id="ann"), Principal(id="bob", max_runs=1)
STRANGER, NEIGHBOUR = Principal(address="2001:db8::1"), Principal(address="2001:db8::2")


class Nobody:
    """Whoever answers for a run: these need nobody."""

    def left_alone(self, run: Run, at_once: bool) -> None: ...
    def joined(self, run: Run) -> None: ...


def begun() -> tuple[Run, asyncio.Event]:
    """A run that goes on until the event."""
    over = asyncio.Event()
    run = Run(
        "run",
        model="m",
        prompt=PROMPT,
        dialect="query",
        owner=None,
        keeper=Nobody(),
        clock=lambda: 0.0,
        wall=lambda: 0.0,
    )

    async def play() -> None:
        await over.wait()

    run.task = asyncio.create_task(play())
    return run, over


@pytest.fixture
def guests() -> PlacesPerCaller:
    return PlacesPerCaller(lambda who: 2 if who.max_runs is None else who.max_runs)


async def test_a_place_is_kept_until_the_run_ends(guests: PlacesPerCaller) -> None:
    runs = [begun(), begun()]
    for run, _ in runs:
        with guests.seat(ANN) as seat:
            seat.taken(run)
    with pytest.raises(Overloaded) as refusal, guests.seat(ANN):
        pass
    assert refusal.value.retry_after == 1
    runs[0][1].set()
    assert runs[0][0].task is not None
    await runs[0][0].task
    await asyncio.sleep(0)
    with guests.seat(ANN):
        assert len(guests) == 1
    assert runs[1][0].task is not None
    runs[1][0].task.cancel()
    await asyncio.wait([runs[1][0].task])
    await asyncio.sleep(0)
    assert len(guests) == 0


async def test_a_run_that_is_cancelled_before_its_first_step_gives_its_place_back(
    guests: PlacesPerCaller,
) -> None:
    run, _ = begun()
    with guests.seat(ANN) as seat:
        seat.taken(run)
    assert run.task is not None
    run.task.cancel()
    await asyncio.wait([run.task])
    await asyncio.sleep(0)
    assert len(guests) == 0


async def test_what_never_began_gives_its_place_back(guests: PlacesPerCaller) -> None:
    def refused() -> None:
        with guests.seat(ANN):
            raise KeyError

    with pytest.raises(KeyError):
        refused()
    with guests.seat(ANN), guests.seat(ANN):
        assert len(guests) == 1
    assert len(guests) == 0


async def test_each_caller_has_places_of_their_own(guests: PlacesPerCaller) -> None:
    with guests.seat(ANN), guests.seat(ANN), guests.seat(BOB), guests.seat(STRANGER):
        assert len(guests) == 3


async def test_a_user_may_have_another_number_and_a_subscriber_has_one_network(
    guests: PlacesPerCaller,
) -> None:
    with guests.seat(BOB), pytest.raises(Overloaded), guests.seat(BOB):
        pass
    with guests.seat(STRANGER), guests.seat(NEIGHBOUR), pytest.raises(Overloaded):
        guests.seat(STRANGER).__enter__()
