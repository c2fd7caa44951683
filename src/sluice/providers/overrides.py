"""What operators say about models, from the strings in which they say it. Pure.

Each item is `pattern=value`; of several patterns that fit, the first counts. Every function here
raises `ValueError` with a line that names the bad item, for start-up to show.
"""

import math
from collections.abc import Iterable

import msgspec

from sluice.providers.wire import Patience

PATIENCE = frozenset(field.name for field in msgspec.structs.fields(Patience))
LONGEST_WAIT = 86_400.0  # seconds


def prices(items: Iterable[str]) -> tuple[tuple[str, tuple[float, float]], ...]:
    """`openai/gpt-4o-mini=0.15/0.60`: USD per million tokens, in and out."""
    return tuple((pattern, _price(item, value)) for item, pattern, value in _split(items))


def windows(items: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """`local/*=8192`: tokens."""
    return tuple((pattern, _window(item, value)) for item, pattern, value in _split(items))


def patience(items: Iterable[str]) -> tuple[tuple[str, dict[str, float]], ...]:
    """`local/*=connect:2;first_byte:300;silence:60`: seconds, by the names of `Patience`.

    `first_byte` alone holds whether or not a fallback is left.
    """
    return tuple((pattern, _limits(item, value)) for item, pattern, value in _split(items))


def aliases(items: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """`gpt-*=local/llama3`: what a bare name stands for."""
    return tuple((pattern, value) for _, pattern, value in _split(items))


def _split(items: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    for item in items:
        pattern, _, value = (part.strip() for part in item.partition("="))
        if not pattern or not value:
            raise ValueError(f"`{item}` is not of the form pattern=value")
        yield item, pattern, value


def _price(item: str, value: str) -> tuple[float, float]:
    paid_in, _, paid_out = value.partition("/")
    return _number(item, paid_in, 1e6), _number(item, paid_out, 1e6)


def _window(item: str, value: str) -> int:
    tokens = _number(item, value, 1e9)
    if tokens < 1 or tokens != int(tokens):
        raise ValueError(f"`{item}`: a context window is a whole number of tokens, 1 or more")
    return int(tokens)


def _limits(item: str, value: str) -> dict[str, float]:
    limits: dict[str, float] = {}
    for part in value.split(";"):
        name, _, seconds = part.partition(":")
        if name.strip() not in PATIENCE:
            known = ", ".join(sorted(PATIENCE))
            raise ValueError(f"`{item}`: `{name.strip()}` is none of {known}")
        limits[name.strip()] = _number(item, seconds, LONGEST_WAIT)
    if "first_byte" in limits:
        limits.setdefault("first_byte_last", limits["first_byte"])
    return limits


def _number(item: str, text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        raise ValueError(f"`{item}`: `{text.strip()}` is no number from 0 to {most:,.0f}")
    return number
