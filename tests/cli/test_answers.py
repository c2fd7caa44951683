"""How an answer is shown as it grows."""

import io
import json
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from sluice.cli.answers import JsonLines, Plain, Screen, harmless
from sluice.core.errors import ProviderTimeout
from sluice.core.events import Attempt, FinishReason, Receipt, Usage

RECEIPT = Receipt(
    model="demo/x",
    usage=Usage(3, 4),
    cost=0.0002,
    duration=1.0,
    first_token=0.1,
    text_length=2,
    attempts=(Attempt("demo/y", "provider_timeout"), Attempt("demo/x", "ok")),
)


class Ending:
    """What a finished stream knows."""

    model = "demo/x"
    receipt: Receipt | None = RECEIPT

    def __init__(self, reason: FinishReason = "stop") -> None:
        self.finish_reason: FinishReason | None = reason


class Later:
    """Does what is due when it is told to."""

    def __init__(self) -> None:
        self._due: list[Callable[[], None]] = []

    def __call__(self, _: float, then: Callable[[], None]) -> "Later":
        self._due.append(then)
        return self

    def cancel(self) -> None:
        self._due.clear()

    def now(self) -> None:
        due, self._due = self._due, []
        for then in due:
            then()


def shown(text: str, *, size: int = 3, height: int = 10) -> str:
    """What a terminal of 60 columns shows of an answer in the end, all control sequences done."""
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=60, height=height, color_system=None, _environ={}
    )
    later = Later()
    screen = Screen(console, later)
    with screen:
        screen.start("demo/x")
        for at in range(0, len(text), size):
            screen.chunk(text[at : at + size])
            later.now()
        screen.end(Ending())
    return settled(out.getvalue())


def settled(raw: str) -> str:
    """The lines that stay, for the few sequences that are used here."""
    lines, at = [""], 0
    for mark in re.findall(r"\x1b\[1A|\x1b\[2K|\x1b\[\?25[lh]|(?s:.)", raw):
        if mark == "\x1b[1A":
            at -= 1
        elif mark == "\x1b[2K":
            lines[at] = ""
        elif mark == "\n":
            at += 1
            lines += [""] * (at + 1 - len(lines))
        elif len(mark) == 1 and mark != "\r":
            lines[at] += mark
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def test_finished_blocks_stay_and_a_summary_follows() -> None:
    assert shown(
        "# Hi\n\nSome *text* with `List<int>`.\n\n- one\n- two\n\n```py\nx = 1\n```\n"
    ) == (
        f"{'Hi':^60}".rstrip() + "\n\nSome text with List<int>.\n\n • one\n • two\n\n x = 1\n"
        "demo/x · 3 + 4 tokens · $0.0002"
    )


@pytest.mark.parametrize("size", [1, 50, 5000])
def test_a_block_taller_than_the_screen_is_there_whole_in_the_end(size: int) -> None:
    words = " ".join(f"word{number}" for number in range(300))
    assert shown(words, size=size, height=5).split()[:300] == words.split()


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("List<String> and <b>bold</b>", "List<String> and <b>bold</b>"),
        ("<div>\nkept\n</div>", "<div> kept </div>"),
        ("[shown](http://there.example/)", "shown (http://there.example/)"),
        ("![a](http://there.example/b.png)", "!a (http://there.example/b.png)"),
        ("[a]: http://there.example/", "[a]: http://there.example/"),
        ("[red]no markup[/red]", "[red]no markup[/red]"),
    ],
)
def test_no_text_of_an_answer_is_hidden(source: str, plain: str) -> None:
    assert shown(source).splitlines()[0] == plain


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("\x9b2J", "2J"),
        ("a\rb\x00\x08\x7f", "ab"),
        ("Xin chào 👋", "Xin chào 👋"),
    ],
)
def test_what_could_steer_a_terminal_is_left_out(text: str, left: str) -> None:
    assert harmless(text) == left
    assert "\x1b]" not in shown(text)


def test_json_is_one_object_per_line(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with JsonLines() as answer:
        answer.start("demo/x")
        answer.chunk("a\n\u2028\x9b\x1b")
        answer.end(Ending("length"))
    answer.fail(ProviderTimeout())
    out = capsysbinary.readouterr().out
    assert not any(mark in out.decode() for mark in "\u2028\x9b\x1b")
    assert [json.loads(line) for line in out.splitlines()] == [
        {"type": "start", "model": "demo/x"},
        {"type": "chunk", "content": "a\n\u2028\x9b\x1b"},
        {
            "type": "end",
            "model": "demo/x",
            "tokens": {"input": 3, "output": 4},
            "cost": 0.0002,
            "finish_reason": "length",
            "attempts": 2,
        },
        {
            "type": "error",
            "code": "provider_timeout",
            "message": "The provider kept silent for too long.",
        },
    ]


@pytest.mark.parametrize(
    ("chunks", "out"),
    [
        (["a", "b"], b"ab\n"),
        (["a\n"], b"a\n"),
        ([], b""),
        (["\x1b[1m", "\ud800"], b"\x1b[1m?\n"),
    ],
)
def test_a_pipe_gets_the_text_and_one_line_end(
    chunks: list[str], out: bytes, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    with Plain() as answer:
        answer.start("demo/x")
        for chunk in chunks:
            answer.chunk(chunk)
        answer.end(Ending("length"))
    captured = capsysbinary.readouterr()
    assert captured.out == out
    assert captured.err == b"sluice: cut off: the limit of tokens is reached\n"
