"""How `sluice chat` shows an answer as it grows: on a terminal, in a pipe, as JSON lines.

Knows nothing of providers or of the loop: it is told what came, and writes it down.
"""

import re
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Protocol, Self

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.syntax import Syntax
from rich.text import Text

from sluice.cli.markdown import Block, Splitter
from sluice.core.errors import SluiceError
from sluice.core.events import FinishReason, Receipt
from sluice.dialects import json

# C0 without tab and line feed, DEL, and C1: what could steer a terminal.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# JSON escapes C0 by itself; these it leaves as they are.
LATE_CONTROLS = re.compile(r"[\x7f-\x9f]")
REDRAW = 0.08  # seconds between two draws of the open block
PREVIEW = 4000  # characters of the open block that are drawn, so that a draw has a bound

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "length": "cut off: the limit of tokens is reached",
        "tools": "the model wants to call a tool",
        "content_filter": "cut off by the provider's content filter",
        "cancelled": "cancelled",
    }
)


class Timer(Protocol):
    """Something that will happen, unless it is cancelled."""

    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Timer]


class Ended(Protocol):
    """What is known once an answer is complete: a `TextStream` after its last piece."""

    @property
    def model(self) -> str: ...
    @property
    def receipt(self) -> Receipt | None: ...
    @property
    def finish_reason(self) -> FinishReason | None: ...


class Answer(Protocol):
    """One answer on its way out. Used as a context, which ends what is open on the screen."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
    def start(self, model: str) -> None: ...
    def chunk(self, text: str) -> None: ...
    def end(self, ended: Ended) -> None: ...
    def fail(self, error: SluiceError) -> None:
        """Called after the context has been left."""
        ...


def harmless(text: str) -> str:
    """Without the characters that could steer a terminal."""
    return CONTROLS.sub("", text)


def complain(error: SluiceError) -> None:
    """One line on stderr, with the error's code."""
    line = " ".join(harmless(error.message).split())
    sys.stderr.write(f"sluice: {error.code}: {line}\n")


class JsonLines:
    """One JSON object per line, for scripts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def start(self, model: str) -> None:
        self._write({"type": "start", "model": model})

    def chunk(self, text: str) -> None:
        self._write({"type": "chunk", "content": text})

    def end(self, ended: Ended) -> None:
        receipt = ended.receipt
        usage = receipt.usage if receipt else None
        self._write(
            {
                "type": "end",
                "model": ended.model,
                "tokens": {
                    "input": usage.input_tokens if usage else None,
                    "output": usage.output_tokens if usage else None,
                },
                "cost": receipt.cost if receipt else None,
                "finish_reason": ended.finish_reason,
                "attempts": len(receipt.attempts) if receipt else None,
            }
        )

    def fail(self, error: SluiceError) -> None:
        self._write({"type": "error", "code": error.code, "message": error.message})

    def _write(self, line: dict[str, Any]) -> None:
        text = LATE_CONTROLS.sub(lambda mark: f"\\u{ord(mark[0]):04x}", json.encode(line).decode())
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()


class Plain:
    """The text exactly as the model wrote it, for pipes and files."""

    def __init__(self) -> None:
        self._last = "\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._last != "\n" and kind is not BrokenPipeError:
            self._write("\n")

    def start(self, model: str) -> None:
        pass

    def chunk(self, text: str) -> None:
        self._last = text[-1:] or self._last
        self._write(text)

    def end(self, ended: Ended) -> None:
        if note := REASONS.get(ended.finish_reason or ""):
            sys.stderr.write(f"sluice: {note}\n")

    def fail(self, error: SluiceError) -> None:
        complain(error)

    def _write(self, text: str) -> None:
        sys.stdout.buffer.write(text.encode(errors="replace"))
        sys.stdout.buffer.flush()


class Screen:
    """Rendered Markdown on a terminal.

    Finished blocks are printed once and scroll away as any text does; the open block below them is
    drawn anew a few times a second, never taller than the screen, and printed when it is finished.
    `later` calls a function after some seconds, on the thread of its caller: two threads that draw
    would spoil each other's lines.
    """

    def __init__(self, console: Console, later: Later) -> None:
        self._console = console
        self._later = later
        self._due: Timer | None = None
        self._splitter = Splitter()
        self._first = True
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        self._live.update(Text("…", style="dim"), refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._due is not None:
            self._due.cancel()
        self._print(self._splitter.end())
        self._live.stop()

    def start(self, model: str) -> None:
        pass

    def chunk(self, text: str) -> None:
        self._print(self._splitter.feed(harmless(text)))
        if self._due is None:
            self._due = self._later(REDRAW, self._draw)

    def end(self, ended: Ended) -> None:
        self._print(self._splitter.end())
        self._console.print(Text(_summary(ended), style="dim"), highlight=False)

    def fail(self, error: SluiceError) -> None:
        complain(error)

    def _print(self, blocks: list[Block]) -> None:
        if not blocks:
            return
        with self._console:  # gathers what follows into one write
            self._live.update(Text(), refresh=True)
            for block in blocks:
                if not (block.tight or self._first):
                    self._console.print()
                self._first = False
                self._console.print(render(block))

    def _draw(self) -> None:
        self._due = None
        if block := self._splitter.tail():
            gap = not (block.tight or self._first)
            shown = render(block._replace(text=block.text[-PREVIEW:]))
            self._live.update(LastLines(shown, gap=gap), refresh=True)


class LastLines:
    """The last lines of a renderable, as many as the screen holds beside the cursor's."""

    def __init__(self, inner: RenderableType, *, gap: bool) -> None:
        self._inner = inner
        self._gap = gap

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._inner, options, pad=False)
        if self._gap:
            lines = [[], *lines]
        for line in lines[-max(1, console.height - 1) :]:
            yield from line
            yield Segment.line()


def render(block: Block) -> RenderableType:
    """A block as it looks on a terminal. All of its text is shown; nothing in it is a link."""
    if block.code is not None:
        return Syntax(
            block.text, block.code or "text", theme="monokai", word_wrap=True, padding=(0, 1)
        )
    shown = Markdown("", hyperlinks=False)
    # Rich leaves out HTML, images and link definitions; a reader of `List<int>` wants all of it.
    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    shown.parsed = parser.disable(["reference", "image"]).parse(block.text)
    return Trimmed(shown)


class Trimmed:
    """A renderable without the blank lines before and after it: blocks set their own distance."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._inner, options, pad=False)
        written = [at for at, line in enumerate(lines) if any(one.text.strip() for one in line)]
        for line in lines[written[0] : written[-1] + 1] if written else []:
            yield from line
            yield Segment.line()


def _summary(ended: Ended) -> str:
    """`openai/gpt-4o-mini · 12 + 345 tokens · $0.0002`, and what is unusual about the end."""
    parts = [harmless(ended.model)]
    if receipt := ended.receipt:
        mark = "about " if receipt.usage.estimated else ""
        parts.append(f"{mark}{receipt.usage.input_tokens} + {receipt.usage.output_tokens} tokens")
        if receipt.cost:
            parts.append(f"${receipt.cost:.4f}")
    if note := REASONS.get(ended.finish_reason or ""):
        parts.append(note)
    return " · ".join(parts)
