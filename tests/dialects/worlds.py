"""A run as a session sees it, and events that a run may say: what dialects are tried with."""

from typing import NamedTuple

from hypothesis import strategies as st

from sluice.core.commands import Place
from sluice.core.events import (
    Attempt,
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Receipt,
    Started,
    TextDelta,
    ToolCall,
    Usage,
)

HARD = 'Việt 👩‍👧 \u0085 \u2028 \u2029 \x00 "q" \\ \r\n\ndata: [DONE]\n\nid: 1\n'


PLACE = Place("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "6ba7b810-9dad-11d1-80b4-00c04fd430c8")


class View(NamedTuple):
    """A run that has said `text`, which is kept in `place`."""

    id: str
    text: str
    place: Place | None = None
    owner: str | None = None
    user: str = ""
    first_token: float | None = None
    ended_at: float = 1_700_000_002.75


def receipt(text: str = "", duration: float = 1.25) -> Receipt:
    attempt = Attempt("openai/gpt-4o-mini", "ok", Usage(7, 5))
    return Receipt("openai/gpt-4o-mini", Usage(7, 5), 0.01, duration, 0.1, len(text), (attempt,))


def course(*pieces: str, ending: FinishReason = "stop") -> list[Event]:
    """A whole run that says these pieces, with everything else that may stand between."""
    text = "".join(pieces)
    said: list[Event] = [Started("openai/gpt-4o-mini", 1_700_000_000.5), ReasoningDelta("hm")]
    said += [TextDelta(piece) for piece in pieces]
    return [
        *said, ToolCall("1", "look", "{}"), Usage(7, 5), Finished(ending, receipt(text)),
    ]  # fmt: skip


def failure(code: str = "provider_timeout", message: str = "Too slow.") -> Failed:
    return Failed(code, message, 1_700_000_001.25, receipt())


pieces = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=10)
