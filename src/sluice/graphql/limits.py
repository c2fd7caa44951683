"""What a document may ask for at most, judged before it is parsed, by one look at its tokens.

Knows no schema. A look costs far less than parsing, and that less than validating.
"""

import re

from sluice.core.errors import InvalidRequest, PayloadTooLarge

CHARACTERS = 16_000  # of a document; long texts belong into its variables
TOKENS = 2000
DEPTH = 8  # selections within selections
INTROSPECTIVE_DEPTH = 20  # the same below `__schema`, as clients ask for it
ALIASES = 20
FIELDS = 150  # fields, fragments and directives together: validation compares them in pairs

# Strings and comments first: what stands in them is no token. A string that does not end is caught
# by its quote alone, and the parser will say so.
_TOKEN = re.compile(
    r'"""(?:\\"""|[^"]|"(?!""))*"""|"(?:\\.|[^"\\\n\r])*"|\#[^\n\r]*'
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>[{}():])|-?[0-9][0-9A-Za-z.+-]*|\.\.\.|[^\s,\ufeff]"
)


def judge(source: str) -> None:
    """Raises `PayloadTooLarge` or `InvalidRequest` for a document that asks for too much."""
    if len(source) > CHARACTERS:
        raise PayloadTooLarge(f"A document has at most {CHARACTERS} characters; use variables.")
    look = _Look()
    for count, token in enumerate(_TOKEN.finditer(source)):
        if count >= TOKENS:
            raise InvalidRequest(f"A document has at most {TOKENS} tokens.", field="query")
        if name := token["name"]:
            look.name(name)
        elif mark := token["mark"]:
            look.mark(mark)


class _Look:
    """One look through a document. What stands in parentheses selects nothing."""

    def __init__(self) -> None:
        self._nested = 0  # parentheses
        self._depth = 0  # braces
        self._last = ""  # the name before what comes now
        self._introspective = 0  # the depth at which an introspective selection began
        self._fields = 0
        self._aliases = 0

    def name(self, name: str) -> None:
        if self._nested:
            return
        self._last = name
        self._fields += self._depth > 0
        if self._fields > FIELDS:
            raise InvalidRequest(f"A document selects at most {FIELDS} fields.", field="query")

    def mark(self, mark: str) -> None:
        match mark:
            case "(":
                self._nested += 1
            case ")":
                self._nested = max(0, self._nested - 1)
            case _ if self._nested:
                pass
            case "{":
                self._deeper()
            case "}":
                self._higher()
            case _:
                self._alias()

    def _deeper(self) -> None:
        self._depth += 1
        if not self._introspective and self._last.startswith("__"):
            self._introspective = self._depth
        most = INTROSPECTIVE_DEPTH if self._introspective else DEPTH
        if self._depth > most:
            raise InvalidRequest(f"Selections are nested at most {most} deep.", field="query")

    def _higher(self) -> None:
        if self._depth == self._introspective:
            self._introspective = 0
        self._depth = max(0, self._depth - 1)
        self._last = ""

    def _alias(self) -> None:
        self._aliases += self._depth > 0
        if self._aliases > ALIASES:
            raise InvalidRequest(f"A document has at most {ALIASES} aliases.", field="query")
