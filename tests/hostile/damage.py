"""Sound files, damaged: cut short, and with bytes changed at places that a seed chooses."""

import random
from collections.abc import Iterator

from tests.hostile import UNSUPPORTED, Case, either

CUTS = (0.1, 0.4, 0.7, 0.95)  # of the file's length
SEEDS = 6
CHANGED = 12  # bytes


def damaged(name: str, sound: bytes, taken: str) -> Iterator[Case]:
    """Every damage that is done to each kind of file. `taken` is the outcome of the sound one."""
    outcome = f"{either(taken)}|{UNSUPPORTED}"
    for part in CUTS:
        yield Case(f"{name} cut at {part:.0%}", sound[: int(len(sound) * part)], outcome)
    for seed in range(SEEDS):
        chosen = random.Random(f"{name}{seed}")
        spoilt = bytearray(sound)
        for _ in range(CHANGED):
            spoilt[chosen.randrange(12, len(spoilt))] = chosen.randrange(256)
        yield Case(f"{name} spoilt by seed {seed}", bytes(spoilt), outcome)
    yield Case(f"{name} without its middle", sound[: len(sound) // 3] + sound[-200:], outcome)
    yield Case(f"{name} twice", sound + sound, outcome)
