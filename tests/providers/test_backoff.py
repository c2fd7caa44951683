"""How long to wait, as a table."""

import pytest

from sluice.providers.backoff import Backoff

FOUR = Backoff(retries=4, base=0.5, cap=3.0)


@pytest.mark.parametrize(
    ("repetition", "chance", "retry_after", "pause"),
    [
        (0, 1.0, None, 0.5),
        (1, 1.0, None, 1.0),
        (2, 1.0, None, 2.0),
        (3, 1.0, None, 3.0),  # the cap
        (4, 1.0, None, None),  # enough
        (2, 0.0, None, 0.0),  # full jitter: from nothing
        (2, 0.25, None, 0.5),
        (0, 0.0, 2.0, 2.0),  # at least what the provider asks for
        (0, 0.5, 2.0, 2.25),
        (0, 0.5, 0.0, 0.25),
        (0, 0.0, 3.0, 3.0),
        (0, 0.0, 3.1, None),  # not worth waiting for
        (0, 0.0, -5.0, 0.0),
        (4, 0.0, 0.0, None),
    ],
)
def test_the_wait_before_a_repetition(
    repetition: int, chance: float, retry_after: float | None, pause: float | None
) -> None:
    assert FOUR.pause(repetition, chance, retry_after) == pause


def test_no_retries_means_none() -> None:
    assert Backoff(retries=0).pause(0, 0.0) is None
