"""The part of a message in which looked-for words stand, and where. Knows no database."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sluice.stores.sql.folding import ALONE, LIMIT, fits

BEFORE = 60  # characters of text before the first word that fits, at most
LENGTH = 240  # characters of a snippet, at most

_PIECE = re.compile(r"[\s\S]{1,500}\S*")  # so that no word is cut
_MARKS = "\u0300-\u036f\u0591-\u07ff\u0900-\u0fff"  # which stand within words
_WORD = re.compile(rf"[{ALONE}]|(?:(?![{ALONE}])[^\W_]|[{_MARKS}])+")


class Snippet(NamedTuple):
    """A part of a text, and what of it fits: starts and ends, in code points."""

    text: str
    matches: tuple[tuple[int, int], ...]


def snippet(text: str, wanted: Sequence[str]) -> Snippet:
    """The part of a text around the first of these folded words, the last of which may go on.

    The beginning of the text, where none of them can be made out.
    """
    first = _first(text, wanted)
    start = _gap(text, max(0, first - BEFORE), first)
    end = len(text) if len(text) - start <= LENGTH else _last_gap(text, first, start + LENGTH)
    matches = [
        (word.start() - start, word.end() - start)
        for word in _WORD.finditer(text, start, end)
        if fits(word[0], wanted)
    ]
    return Snippet(text[start:end], tuple(matches))


def _first(text: str, wanted: Sequence[str]) -> int:
    """Where the first word is that fits. Folding is quick for pieces, and slow for each word."""
    for piece in _PIECE.finditer(text, 0, LIMIT):
        if fits(piece[0], wanted):
            for word in _WORD.finditer(text, *piece.span()):
                if fits(word[0], wanted):
                    return word.start()
    return 0


def _gap(text: str, start: int, stop: int) -> int:
    """The beginning of the first whole word from `start` on; `start` where there is no gap."""
    if start == 0:
        return 0
    found = text.find(" ", start, stop)
    return start if found < 0 else found + 1


def _last_gap(text: str, first: int, end: int) -> int:
    """The end of the last whole word before `end`, if it is not the first that fits."""
    found = text.rfind(" ", first, end)
    return end if found < 0 else found
