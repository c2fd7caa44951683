"""How much of a conversation is sent along: the newest turns that fit."""

import pytest

from sluice.core.messages import Message
from sluice.services.chat import fit

SYSTEM = Message("system", "s" * 30)


def talk(*texts: str) -> list[Message]:
    """Turns of a user and an assistant, in turn."""
    return [Message("assistant" if at % 2 else "user", text) for at, text in enumerate(texts)]


TURN = "x" * 48  # twenty tokens by the rule: sixteen, and four for the turn
CASES = [
    (100, 5),
    (99, 3),  # four fit, but then an answer would come first
    (60, 3),
    (59, 1),
    (20, 1),
    (0, 1),
    (-5, 1),
]


@pytest.mark.parametrize(("window", "kept"), CASES)
def test_the_newest_turns_that_fit_are_kept_and_a_question_comes_first(window: int, kept: int):
    turns = talk(*[TURN] * 5)
    found = fit(turns, window)
    assert list(found) == turns[-kept:]
    assert found[0].role == "user"


def test_the_system_and_the_last_word_always_stay():
    turns = [SYSTEM, *talk(*[TURN] * 3)]
    assert fit(turns, 0) == (SYSTEM, turns[-1])
    assert fit(turns, 1000) == tuple(turns)


def test_a_single_turn_is_kept_however_long():
    (only,) = talk("y" * 10_000)
    assert fit([only], 10) == (only,)


def test_what_is_not_ascii_counts_by_its_bytes():
    turns = talk("ờ" * 48, "a", "b")
    assert len(fit(turns, 30)) == 1
    assert len(fit(turns, 70)) == 3
