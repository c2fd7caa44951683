"""Server-sent events, from bytes to messages. Does no I/O, and knows no provider.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
A message here is its data, as bytes: every format that we read repeats the event's name in its
data, and none uses `id` or `retry`.
"""

from sluice.core.errors import ProviderBadResponse

LIMIT = 4 << 20  # bytes of one line, or of one unfinished message
BOM = b"\xef\xbb\xbf"


class Parser:
    """Feed it bytes cut anywhere; it hands on each message's data once that is whole.

    What is unfinished when the bytes end is dropped, as the standard wants.
    """

    __slots__ = ("_after_cr", "_data", "_fresh", "_held", "_size")

    def __init__(self) -> None:
        self._held = [b""]  # pieces of a line without its end; never empty before the first line
        self._data: list[bytes] = []  # the `data` lines of the message so far
        self._size = 0  # bytes since the last whole message
        self._fresh = True  # nothing but a BOM can have come
        self._after_cr = False  # an LF that comes next is the other half of a CRLF

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of every message that `chunk` completes.

        Raises `ProviderBadResponse` for a line, or an unfinished message, of over 4 MiB.
        """
        if (  # one whole `data: …` message and nothing else: what comes in nearly every read
            not self._held
            and not self._data
            and chunk.startswith(b"data: ")
            and chunk.find(b"\n") == len(chunk) - 2
            and chunk.endswith(b"\n")
            and b"\r" not in chunk
            and len(chunk) <= LIMIT
        ):
            return [chunk[6:-2]]
        return self._parse(chunk)

    def _parse(self, chunk: bytes) -> list[bytes]:
        arrived = len(chunk)
        if self._held or b"\r" in chunk:
            chunk = self._resume(chunk)
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if rest or self._after_cr:
            self._held.append(rest)
        messages: list[bytes] = []
        data = self._data
        for line in lines:
            if line.startswith(b"data: "):
                data.append(line[6:])
            elif line:
                self._field(line)
            elif data:
                messages.append(b"\n".join(data))
                data.clear()
        if data or self._held or len(chunk) > LIMIT:
            self._size = len(rest) if messages else self._size + arrived
            self._bound(lines)
        else:
            self._size = 0
        return messages

    def _resume(self, chunk: bytes) -> bytes:
        """What earlier reads left and this one, as lines that end in LF; nothing if none ends.

        A CR at the end of a read ends its line at once: an LF after it is then no line's end.
        """
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        self._held.append(chunk)
        if b"\n" not in chunk and b"\r" not in chunk:
            return b""  # and the pieces are joined once, however many they become
        text = b"".join(self._held)
        self._held.clear()
        if self._fresh:
            text = text.removeprefix(BOM)
            self._fresh = False
        if b"\r" in text:
            self._after_cr = text.endswith(b"\r")
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return text

    def _field(self, line: bytes) -> None:
        """A line as few write it: `data:` without the space, or something we have no use for."""
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))

    def _bound(self, lines: list[bytes]) -> None:
        if self._size > LIMIT or any(len(line) > LIMIT for line in lines):
            raise ProviderBadResponse
