"""Thoughts that a model writes into its text, as `<think>…</think>`. Knows no format.

Local servers leave them there where they do not know a model's template. Only the start of an
answer is looked at: a tag further on is text that the user asked for.
"""

from sluice.core.events import Event, ReasoningDelta, TextDelta

OPEN = "<think>"
CLOSE = "</think>"


class Thinking:
    """Text cut anywhere → thoughts and text. Holds back what may be half a tag."""

    __slots__ = ("_held", "_state")

    def __init__(self) -> None:
        self._state = "start"  # then "thinking", "after", "done"; or "done" at once
        self._held = ""

    def feed(self, text: str) -> list[Event]:
        """What `text` adds; nothing while it may yet be a tag."""
        if self._state == "done":
            return [TextDelta(text)]
        text, self._held = self._held + text, ""
        match self._state:
            case "start":
                return self._start(text)
            case "thinking":
                return self._think(text)
            case _:
                return self._after(text)

    def end(self) -> list[Event]:
        """What was held back and turned out to be no tag."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [ReasoningDelta(held) if self._state == "thinking" else TextDelta(held)]

    def _start(self, text: str) -> list[Event]:
        begun = text.lstrip()
        if begun.startswith(OPEN):
            self._state = "thinking"
            return self._think(begun[len(OPEN) :])
        if OPEN.startswith(begun):
            self._held = text
            return []
        self._state = "done"
        return [TextDelta(text)]

    def _think(self, text: str) -> list[Event]:
        thought, tag, rest = text.partition(CLOSE)
        if tag:
            return [*_said(ReasoningDelta, thought), *self._after(rest)]
        cut = _half(text)
        self._held = text[cut:]
        return _said(ReasoningDelta, text[:cut])

    def _after(self, text: str) -> list[Event]:
        """The line breaks that part the thoughts from the answer belong to neither."""
        answer = text.lstrip("\r\n")
        self._state = "done" if answer else "after"
        return _said(TextDelta, answer)


def _said(kind: type[TextDelta] | type[ReasoningDelta], text: str) -> list[Event]:
    return [kind(text)] if text else []


def _half(text: str) -> int:
    """Where a closing tag begins that `text` may end in the middle of; else its length."""
    for size in range(min(len(CLOSE) - 1, len(text)), 0, -1):
        if CLOSE.startswith(text[-size:]):
            return len(text) - size
    return len(text)
