"""Halves of a character, as some providers send them. Entered only where they do.

JSON may escape a character beyond the basic plane as two UTF-16 surrogates. Cutting text into
tokens can put them into two chunks (`\\ud83d`, then `\\ude00`), each of which msgspec refuses.
Joined, they are the character; a half that stays alone becomes U+FFFD.
"""

import json
import re
from typing import TypeVar

import msgspec

from sluice.core.events import Event, ReasoningDelta, TextDelta, ToolCall

T = TypeVar("T")

_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_Said = TextDelta | ReasoningDelta


def decode(data: bytes, into: type[T]) -> T | None:
    """What msgspec would decode if it took lone surrogates; None if that is not what is wrong."""
    if _ESCAPE.search(data) is None:
        return None
    try:
        return msgspec.convert(json.loads(data), into)
    except (ValueError, RecursionError):  # msgspec's and json's own are ValueErrors
        return None


def whole(text: str) -> str:
    """`text` with its pairs joined; what is left of surrogates becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Halves:
    """Mends the text of events once a chunk has held half a character."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: _Said | None = None  # a high half, as the event that brought it

    def mend(self, events: list[Event]) -> list[Event]:
        """The same events in whole characters. A high half at the end waits for the next call."""
        mended: list[Event] = []
        for event in events:
            if isinstance(event, TextDelta | ReasoningDelta):
                self._say(event, mended)
                continue
            self._release(mended)
            mended.append(_mended_call(event) if isinstance(event, ToolCall) else event)
        return mended

    def _say(self, event: _Said, mended: list[Event]) -> None:
        kind, text = type(event), event.text
        if type(self._held) is kind and self._held is not None:
            text = self._held.text + text
            self._held = None
        self._release(mended)
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], kind(text[-1])
        if text:
            mended.append(kind(whole(text)))

    def _release(self, mended: list[Event]) -> None:
        if self._held is not None:
            mended.append(type(self._held)("\ufffd"))
            self._held = None


def _mended_call(call: ToolCall) -> ToolCall:
    return ToolCall(whole(call.id), whole(call.name), whole(call.arguments))
