"""`sluice` as the tests run it: a password costs next to nothing.

A hash that is to cost a guesser a lot costs whoever registers as much: a third of a second of the
processor, and the tests register or sign somebody in a thousand times. So the one thing that is
other than in `python -m sluice` are Argon2id's parameters; `tests/adapters/test_argon2.py` holds
those that people get.
"""

from argon2 import PasswordHasher

from sluice.adapters import argon2
from sluice.cli import main

__all__ = ["main"]


class Light(PasswordHasher):
    """The least that Argon2id can be asked for."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)


argon2.PasswordHasher = Light

if __name__ == "__main__":
    main()
