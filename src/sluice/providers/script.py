"""What the demo model is told to do, in its own name: `demo/n=200,delay=5ms,cut@30`. Pure."""

import re
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from sluice.core.errors import BY_CODE, InvalidRequest, ProviderUnavailable, SluiceError

MOST_TOKENS = 10_000
LONGEST_PAUSE = 60.0  # seconds

DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s)|0")
COUNT = re.compile(r"[0-9]{1,6}")
TEXTS = ("plain", "unicode")


class Script(msgspec.Struct, frozen=True):
    """One performance; times in seconds, places in tokens already said.

    `n`        tokens in all; None: as many as the text has
    `delay`    between two tokens
    `first`    before the first one; None: as between any two
    `stall`    a pause, once `stall_at` tokens are out
    `failure`  the error that ends it, once `failure_at` tokens are out
    `text`     one of `TEXTS`
    """

    n: int | None = None
    delay: float = 0.02
    first: float | None = None
    stall: float = 0.0
    stall_at: int = 0
    failure: type[SluiceError] | None = None
    failure_at: int = 0
    text: str = "plain"

    def due(self, token: int) -> float:
        """Seconds from the start to this token (the first is 0)."""
        first = self.delay if self.first is None else self.first
        stall = self.stall if token >= self.stall_at else 0.0
        return first + token * self.delay + stall


def parse(name: str) -> Script:
    """Read what stands behind `demo/`; nothing, or `demo` itself, is the plain performance.

    Raises `InvalidRequest` that names the bad part.
    """
    given: dict[str, Any] = {}
    for part in name.split(",") if name not in {"", "demo"} else ():
        key = re.split("[=@]", part, maxsplit=1)[0].strip()
        if key not in PARTS:
            refuse(part, f"is none of {', '.join(PARTS)}")
        found = PARTS[key](part.strip(), part.strip()[len(key) :])
        if not found.keys().isdisjoint(given):
            refuse(part, "says what was said before")
        given |= found
    script = Script(**given)
    if script.n is not None and script.failure_at > script.n:
        refuse(name, f"never gets to token {script.failure_at}")
    return script


def _n(part: str, value: str) -> dict[str, Any]:
    return {"n": _count(part, value.removeprefix("="))}


def _delay(part: str, value: str) -> dict[str, Any]:
    return {"delay": _seconds(part, value.removeprefix("="))}


def _first(part: str, value: str) -> dict[str, Any]:
    return {"first": _seconds(part, value.removeprefix("="))}


def _stall(part: str, value: str) -> dict[str, Any]:
    pause, _, place = value.removeprefix("=").partition("@")
    return {"stall": _seconds(part, pause), "stall_at": _count(part, place)}


def _fail(part: str, value: str) -> dict[str, Any]:
    code, _, place = value.removeprefix("=").partition("@")
    if code not in BY_CODE:
        refuse(part, f"fails with none of {', '.join(sorted(BY_CODE))}")
    return {"failure": BY_CODE[code], "failure_at": _count(part, place or "0")}


def _cut(part: str, value: str) -> dict[str, Any]:
    return {"failure": ProviderUnavailable, "failure_at": _count(part, value.removeprefix("@"))}


def _text(part: str, value: str) -> dict[str, Any]:
    if value.removeprefix("=") not in TEXTS:
        refuse(part, f"is none of {', '.join(TEXTS)}")
    return {"text": value.removeprefix("=")}


PARTS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "n": _n,
    "delay": _delay,
    "first": _first,
    "stall": _stall,
    "fail": _fail,
    "text": _text,
    "cut": _cut,
}


def _count(part: str, text: str) -> int:
    if not COUNT.fullmatch(text) or int(text) > MOST_TOKENS:
        refuse(part, f"needs a number of tokens, 0 to {MOST_TOKENS:,}")
    return int(text)


def _seconds(part: str, text: str) -> float:
    match = DURATION.fullmatch(text)
    seconds = 0.0
    if match and match[1]:
        seconds = float(match[1]) * (0.001 if match[2] == "ms" else 1.0)
    if not match or seconds > LONGEST_PAUSE:
        refuse(part, f"needs a time as 5ms or 0.8s, at most {LONGEST_PAUSE:.0f}s")
    return seconds


def refuse(part: str, why: str) -> NoReturn:
    """Say what is wrong with which part of the demo's name."""
    raise InvalidRequest(f"The demo model's `{part.strip()[:80]}` {why}.", field="model")
