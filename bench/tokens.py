"""The text of a token, which carries the time of its writing. Shared by mock and client; no I/O.

A token is ` t` and the nanoseconds of `CLOCK_MONOTONIC` at the provider's write, so that whoever
reads it on the same machine knows how long it travelled, in whatever JSON it stands by then.
"""

import re

STAMP = re.compile(rb" t(\d{10,})")
MODEL = re.compile(rb"mock-n(\d{1,6})-i(\d{1,6})")


def model_name(tokens: int, interval_ms: int) -> str:
    """The model that answers with so many tokens, so many milliseconds apart."""
    return f"mock-n{tokens}-i{interval_ms}"


def pace(request: bytes) -> tuple[int, int]:
    """How many tokens, and how many milliseconds apart, the model named in a request stands for.

    Raises `ValueError` where none is named.
    """
    match = MODEL.search(request)
    if match is None:
        raise ValueError("no model of the form mock-nN-iM in the request")
    return int(match[1]), int(match[2])


class Counter:
    """Finds the tokens in one response, fed as it arrives, cut anywhere.

    Looks at whole lines only. A line that holds `repeats` is passed over: some APIs say the whole
    text once more when they end.
    """

    __slots__ = ("_repeats", "_tail")

    def __init__(self, repeats: bytes = b"") -> None:
        self._repeats = repeats
        self._tail = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The stamps, as digits, of the tokens that this piece completes."""
        if self._tail:
            data = self._tail + data
        cut = data.rfind(b"\n") + 1
        self._tail = data[cut:]
        return self._find(data[:cut])

    def end(self) -> list[bytes]:
        """The stamps in a last line without a line feed."""
        rest, self._tail = self._tail, b""
        return self._find(rest)

    def _find(self, text: bytes) -> list[bytes]:
        if self._repeats and self._repeats in text:
            lines = text.split(b"\n")
            text = b"\n".join(line for line in lines if self._repeats not in line)
        return STAMP.findall(text)
