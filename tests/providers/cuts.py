"""Plays a provider's recorded bytes to a decoder, cut in every way, as the HTTP loop would."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from sluice.core.errors import ProviderError
from sluice.core.events import Event, Finished
from sluice.providers.wire import Wire

RECORDINGS = Path(__file__).parent.parent / "recordings"

# What every format has to carry unharmed: ZWJ emoji, combining marks, CJK, Vietnamese, NUL,
# every line separator, and text that looks like a stream's own syntax.
HARD = (
    "Family ", "👩‍👩‍👧‍👦", " e\u0301 ", "漢字 ", "Tiếng Việt", " nul:\0:",
    " ls:\u2028ps:\u2029nel:\u0085", "\ndata: no\n\nevent: error\nid: 7\r\n", ": ping\n\n[DONE]",
    ' "quoted\\"',
)  # fmt: skip

Ending = tuple[list[Event], type[ProviderError] | None]


def recording(name: str) -> bytes:
    return (RECORDINGS / f"{name}.sse").read_bytes()


def data_lines(name: str) -> list[bytes]:
    """The JSON of a recording, found without our own parser."""
    lines = recording(name).replace(b"\r", b"\n").split(b"\n")
    found = [line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:")]
    return [data for data in found if data not in (b"", b"[DONE]")]


def play(wire: Wire, pieces: Iterable[bytes]) -> Ending:
    """The events up to the last, and the error if it ended with one."""
    decoder = wire.decoder()
    events: list[Event] = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
            if events and type(events[-1]) is Finished:
                return events, None
        events += decoder.end()
    except ProviderError as error:
        return events, type(error)
    return events, None


def every_way(body: bytes) -> Iterator[list[bytes]]:
    """The bytes whole, one by one, and cut in two at every place."""
    yield [body]
    yield [body[at : at + 1] for at in range(len(body))]
    for at in range(1, len(body)):
        yield [body[:at], body[at:]]


def check_every_cut(wire: Wire, body: bytes, expected: Ending) -> None:
    for pieces in every_way(body):
        assert play(wire, pieces) == expected, [len(piece) for piece in pieces[:2]]
