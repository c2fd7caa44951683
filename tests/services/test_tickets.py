"""Tickets work once, for a short while, and then only for the run that they began."""

from itertools import count

import pytest

from sluice.core.commands import Principal
from sluice.services.tickets import FRESH, REMEMBERED, TicketBox

ANN = Principal(id="ann", login="login-1", expires=5000.0)
BOB = Principal(id="bob", login="key_1")


class Wall:
    """Epoch seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


def box(wall: Wall, most_each: int = 100, most: int = 100_000) -> TicketBox:
    numbers = count(1)
    return TicketBox(wall, lambda: f"ticket-{next(numbers)}", most_each, most)


def test_a_ticket_works_once_and_is_as_good_as_what_let_its_owner_in(wall: Wall) -> None:
    tickets = box(wall)
    one, other = tickets.issue(ANN), tickets.issue(BOB)
    assert one != other
    assert [tickets.redeem(one), tickets.redeem(one)] == [ANN, None]
    assert tickets.redeem(other) == BOB
    assert tickets.redeem("ticket-9") is None


@pytest.mark.parametrize(("seconds", "works"), [(FRESH - 0.1, True), (FRESH, False)])
def test_a_ticket_waits_for_half_a_minute(wall: Wall, seconds: float, works: bool) -> None:
    tickets = box(wall)
    ticket = tickets.issue(ANN)
    wall.now += seconds
    assert (tickets.redeem(ticket) == ANN) is works


def test_a_ticket_is_no_good_once_its_owner_is_not_let_in_any_more(wall: Wall) -> None:
    tickets = box(wall)
    wall.now = 4990.0
    ticket = tickets.issue(ANN)
    wall.now = 5000.0
    assert tickets.redeem(ticket) is None


def test_a_used_ticket_resumes_the_run_that_it_began_and_no_other(wall: Wall) -> None:
    tickets = box(wall)
    ticket = tickets.issue(ANN)
    tickets.began(ticket, "too-early")
    assert tickets.resume(ticket, "too-early") is None
    tickets.redeem(ticket)
    assert tickets.resume(ticket, "run-1") is None
    tickets.began(ticket, "run-1")
    tickets.began(ticket, "run-2")
    tickets.began("ticket-9", "run-3")
    runs = ("run-1", "run-1", "run-2", "run-3")
    assert [tickets.resume(ticket, run) for run in runs] == [ANN, ANN, None, None]
    assert tickets.redeem(ticket) is None


@pytest.mark.parametrize(
    ("who", "seconds", "works"),
    [
        (BOB, REMEMBERED - 1, True),
        (BOB, REMEMBERED, False),
        (Principal(id="ann", expires=1500.0), 499, True),
        (Principal(id="ann", expires=1500.0), 500, False),
    ],
)
def test_a_run_can_be_resumed_for_a_while_and_no_longer_than_its_owner_is_let_in(
    wall: Wall, who: Principal, seconds: float, works: bool
) -> None:
    tickets = box(wall)
    ticket = tickets.issue(who)
    tickets.redeem(ticket)
    tickets.began(ticket, "run")
    wall.now += seconds
    assert (tickets.resume(ticket, "run") == who) is works


def test_a_user_has_so_many_tickets_and_the_oldest_go_first(wall: Wall) -> None:
    tickets = box(wall, most_each=2)
    bobs = tickets.issue(BOB)
    anns = [tickets.issue(ANN) for _ in range(4)]
    assert [tickets.redeem(one) for one in anns] == [None, None, ANN, ANN]
    assert tickets.redeem(bobs) == BOB
    assert tickets.redeem(tickets.issue(ANN)) == ANN


def test_all_together_have_so_many_tickets(wall: Wall) -> None:
    tickets = box(wall, most=2)
    issued = [tickets.issue(Principal(id=name)) for name in "abc"]
    found = [tickets.redeem(one) for one in issued]
    assert [None if one is None else one.id for one in found] == [None, "b", "c"]
