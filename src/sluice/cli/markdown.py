"""Markdown that grows, cut into blocks that will not change any more. Pure: prints nothing.

A terminal cannot take back what has scrolled away. So what is finished is handed out once, and
only the open rest is ever drawn again; that keeps the cost of a long answer linear.
"""

import re
from typing import Literal, NamedTuple

# A code block is handed out in pieces of so many lines: it may be longer than the screen.
PIECE = 30

FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
INNER_FENCE = re.compile(r"\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
ITEM = re.compile(r" {0,3}(?:[-*+]|(?P<number>\d{1,9})[.)])(?:\s|$)")
INDENTED = re.compile(r"(?: {2,}|\t)")


class Block(NamedTuple):
    """A piece of Markdown that stands by itself.

    `text`   its source, without the fences where it is code
    `code`   the fence's language, `""` where it names none; None where this is no code
    `tight`  no blank line stands between it and the block before it
    """

    text: str
    code: str | None = None
    tight: bool = False


class Fence(NamedTuple):
    """An open code fence: what ends it, and what it says about its language."""

    mark: str
    language: str

    def closed_by(self, line: str) -> bool:
        bare = line.strip()
        return len(bare) >= len(self.mark) and not bare.strip(self.mark[0])


class Splitter:
    """Text in any pieces → blocks, each handed out as soon as nothing can change it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line = ""
        self._place: Literal["text", "list", "code"] = "text"
        self._fence: Fence | None = None  # open at the top in "code", within an item in "list"
        self._tight = False
        self._done: list[Block] = []

    def feed(self, text: str) -> list[Block]:
        """The blocks that this piece of text has completed."""
        *lines, rest = text.split("\n")
        for line in lines:
            self._add(self._line + line)
            self._line = ""
        self._line += rest
        return self._take()

    def end(self) -> list[Block]:
        """The text is over: what is still open, as it stands."""
        if self._line:
            self._add(self._line)
            self._line = ""
        self._close()
        return self._take()

    def tail(self) -> Block | None:
        """What is open now, or None."""
        lines = [*self._lines, self._line] if self._line else self._lines
        return self._block(lines) if lines else None

    def _take(self) -> list[Block]:
        done, self._done = self._done, []
        return done

    def _block(self, lines: list[str]) -> Block:
        code = self._fence.language if self._place == "code" and self._fence else None
        text = "\n".join(lines)
        return Block(text if code is not None else text.rstrip(), code, self._tight)

    def _close(self, *, tight: bool = False) -> None:
        """Hand out what is open. `tight` says how the next block stands to it."""
        if self._lines:
            self._done.append(self._block(self._lines))
            self._tight = tight
        self._lines = []

    def _add(self, line: str) -> None:
        match self._place:
            case "code":
                self._add_to_code(line)
            case "list":
                self._add_to_list(line)
            case "text":
                self._add_to_text(line)

    def _add_to_code(self, line: str) -> None:
        if self._fence and self._fence.closed_by(line):
            self._close()
            self._place, self._fence, self._tight = "text", None, False
            return
        self._lines.append(line)
        if len(self._lines) >= PIECE:
            self._close(tight=True)

    def _add_to_list(self, line: str) -> None:
        if self._fence:
            self._lines.append(line)
            self._fence = None if self._fence.closed_by(line) else self._fence
        elif not line.strip() or INDENTED.match(line):
            self._append_item(line)
        elif ITEM.match(line) and not RULE.match(line):
            # A loose list keeps its blank lines, a tight one has none to keep.
            self._close(tight=bool(self._lines[-1].strip()))
            self._append_item(line)
        elif self._lines[-1].strip() and not _interrupts(line):
            self._append_item(line)  # CommonMark's lazy continuation
        else:
            self._close()
            self._place = "text"
            self._add_to_text(line)

    def _append_item(self, line: str) -> None:
        self._lines.append(line)
        if fence := INNER_FENCE.match(line):
            self._fence = Fence(fence["mark"], "")

    def _add_to_text(self, line: str) -> None:
        if not line.strip():
            self._close()
        elif fence := FENCE.match(line):
            self._close()
            self._place = "code"
            self._fence = Fence(fence["mark"], fence["info"].strip().partition(" ")[0])
        elif self._lines and UNDERLINE.match(line):
            self._lines.append(line)
            self._close()
        elif HEADING.match(line) or RULE.match(line):
            self._close()
            self._lines.append(line)
            self._close()
        elif self._starts_list(line):
            self._close(tight=True)
            self._place = "list"
            self._append_item(line)
        else:
            self._lines.append(line)

    def _starts_list(self, line: str) -> bool:
        """As in CommonMark, only a list that begins with 1 interrupts a paragraph."""
        item = ITEM.match(line)
        return bool(item and (not self._lines or item["number"] in {None, "1"}))


def _interrupts(line: str) -> bool:
    """This line is no continuation of the paragraph before it, whatever stands there."""
    return any(mark.match(line) for mark in (FENCE, HEADING, RULE))
