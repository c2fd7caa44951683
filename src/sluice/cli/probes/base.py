"""What a check is, what it comes to, and what of it this server allows. No I/O."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec

from sluice.cli.probes.wire import Target, Trouble

Need = Literal["nothing", "once", "generation", "demo", "idle"]
State = Literal["ok", "failed", "skipped"]

QUESTION = "Say hello. Xin chào!"
CHEAP = 16  # tokens of an answer that somebody may have to pay for


class Note(NamedTuple):
    """What a check that went well has to say. `ms` are figures in milliseconds."""

    text: str = ""
    ms: Mapping[str, float] = MappingProxyType({})


class Skipped(Exception):
    """This cannot be judged here; the text says why."""


class Result(msgspec.Struct, frozen=True):
    """One line of the report."""

    group: str
    name: str
    state: State
    detail: str = ""
    hint: str = ""
    ms: dict[str, float] = {}


class Plan(msgspec.Struct, frozen=True):
    """What may be asked of this server.

    `model`    for generation; None leaves it to the server
    `demo`     the demo model is there: its pace is known, and it costs nothing
    `thrifty`  each answer costs somebody money: one short call is all that is made
    `idle`     seconds of silence to try; None leaves it out
    """

    model: str | None
    demo: bool
    thrifty: bool
    idle: float | None = None

    def why_not(self, need: Need) -> str:
        """Why a check with this need is left out; empty where it is not."""
        if need == "idle" and self.idle is None:
            return "takes long: ask for it with --idle 40s"
        if need in {"demo", "idle"} and not self.demo:
            return "needs the demo model, whose pace is known (SLUICE_DEMO=true)"
        if need == "generation" and self.thrifty:
            return "would cost tokens: name a --model to allow it"
        return ""

    def options(self, demo: str = "n=20,delay=50ms") -> dict[str, object]:
        """The part of a request that says which model answers, and how much of it."""
        if self.demo:
            return {"model": f"demo/{demo}"}
        chosen: dict[str, object] = {"max_tokens": CHEAP}
        return chosen | ({"model": self.model} if self.model else {})


class Context(NamedTuple):
    """What a check gets to work with."""

    target: Target
    plan: Plan


class Probe(NamedTuple):
    """One check: its need decides whether it is made, `run` makes it."""

    group: str
    name: str
    need: Need
    run: Callable[[Context], Awaitable[Note]]


def expect(truth: bool, text: str, hint: str = "") -> None:
    """Raise `Trouble` with this text unless it is true."""
    if not truth:
        raise Trouble(text, hint)
