"""Text as it is searched: words of plain letters and digits, a space between. Knows no database.

Whatever a database makes of a text by itself then makes no difference: both are given the same
words, of a text and of what is looked for in it.
"""

import re
import unicodedata
from collections.abc import Sequence

LIMIT = 100_000  # characters of one text that are searched, at most
LONGEST = 64  # characters of one word that count
MOST = 16  # words that can be looked for at once
BEGINNING = 2  # characters from which on a word is taken for the beginning of others, too

# Letters which Unicode does not take apart, and people do.
SPELLINGS = {"đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe"}
# Scripts without spaces between words: each of their characters is one.
ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"

_GAPS = re.compile(r"[\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")  # nearly all there is of combining marks
_OTHERS = re.compile(r"[^\w\x00-\x7f]+")
_LONG = re.compile(rf"(\w{{{LONGEST}}})\w+")
_ALONE = re.compile(f"([{ALONE}])")


def fold(text: str) -> str:
    """The words of a text: without case, accents, punctuation and control characters.

    Folding twice changes nothing more. Of a long text, the first `LIMIT` characters.
    """
    text = text[:LIMIT]
    text = text.lower() if text.isascii() else _plain(text)
    return _LONG.sub(r"\1", _GAPS.sub(" ", text)).strip()


def words(query: str) -> list[str]:
    """What is looked for, folded: at most `MOST` words."""
    return fold(query).split()[:MOST]


def fits(text: str, wanted: Sequence[str]) -> bool:
    """Whether one of these folded words stands in a text; the last may be the beginning of one."""
    return any(word in wanted or begins(word, wanted[-1]) for word in fold(text).split())


def begins(word: str, beginning: str) -> bool:
    """Whether a folded word begins so: what is too short to be a beginning must be all of it."""
    return word == beginning or (len(beginning) >= BEGINNING and word.startswith(beginning))


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = _OTHERS.sub(_without_marks, _ACCENTS.sub("", text))
    for letter, spelling in SPELLINGS.items():
        text = text.replace(letter, spelling)
    return _ALONE.sub(r" \1 ", text)


def _without_marks(found: re.Match[str]) -> str:
    """Marks go and leave no gap: they belong to the letters around them."""
    return "".join(" " for one in found[0] if not unicodedata.category(one).startswith("M"))
