"""What people may be called, and which names are taken for the same. Pure."""

import unicodedata

from sluice.core.errors import InvalidRequest

LONGEST = 64  # characters
LONGEST_ADDRESS = 254  # RFC 5321, as erratum 1690 has it
MARKS = "._-"
LETTERS = ("L", "M", "Nd")  # Unicode categories: letters, their marks, decimal digits


def fold(name: str) -> str:
    """The key of a name or address: names that look alike have the same one (NFKC, case folded).

    Twice, for folding may undo the normal form: https://www.unicode.org/reports/tr15/#Stability
    """
    once = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def username(given: str) -> str:
    """A user's name as it is kept. Raises `InvalidRequest`."""
    name = unicodedata.normalize("NFC", given)
    if not 1 <= len(name) <= LONGEST or len(fold(name)) > LONGEST:
        raise InvalidRequest(f"A username has 1 to {LONGEST} characters.", field="username")
    if not all(_fits(char) for char in name) or not any(char.isalnum() for char in name):
        raise InvalidRequest(
            "A username is made of letters, digits, and the characters . _ -", field="username"
        )
    return name


def adapted(given: str, suffix: str = "") -> str:
    """The nearest username to what somebody is called elsewhere, with this at its end."""
    name = unicodedata.normalize("NFKC", given.partition("@")[0])
    name = "".join(char if _fits(char) else "-" for char in name).strip("-") or "user"
    room = LONGEST - len(suffix)
    while len(name) > room or len(fold(name)) > room:
        name = name[:-1]
    return (name if any(char.isalnum() for char in name) else "user") + suffix


def _fits(char: str) -> bool:
    return char in MARKS or unicodedata.category(char).startswith(LETTERS)
