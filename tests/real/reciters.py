"""llama.cpp's own server, with models small enough for a test: they recite, or babble."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from vendors import call

PROGRAM = Path(__file__).with_name("llama_server.py")
SENTENCE = "Xin chào the quick brown fox 🦊 jumps over the lazy dog — then it sleeps: Ωμέγα 完了"
MANY_WORDS = " ".join(f"word{number}" for number in range(1500))


class Slots(NamedTuple):
    """What llama.cpp is at: how many requests it works on, and how many tokens those have got."""

    busy: int
    decoded: int


class Llama(NamedTuple):
    """A llama.cpp server. `text` is what it says to everything."""

    url: str
    name: str
    text: str

    def slots(self) -> Slots:
        at_work = [slot for slot in call(f"{self.url}/slots") if slot["is_processing"]]
        return Slots(len(at_work), sum(slot["next_token"][0]["n_decoded"] for slot in at_work))


@contextmanager
def llama(model: Path, text: str = "") -> Iterator[Llama]:
    """Serve a model file by llama.cpp's own server."""
    with subprocess.Popen(
        [sys.executable, PROGRAM, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().decode().strip()
            assert address, "llama.cpp did not start"
            yield Llama(address, model.name, text)
        finally:
            process.kill()
