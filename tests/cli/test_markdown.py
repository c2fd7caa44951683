"""Markdown that grows, cut into blocks that will not change any more."""

import pytest

from sluice.cli.markdown import PIECE, Block, Splitter

LONG = [f"line {number}" for number in range(PIECE + 1)]

CASES: dict[str, tuple[str, list[Block]]] = {
    "nothing": ("", []),
    "a line without its end": ("one", [Block("one")]),
    "paragraphs": ("one\ntwo\n\n\nthree\n", [Block("one\ntwo"), Block("three")]),
    "a heading needs no blank line": (
        "text\n# Title\nmore",
        [Block("text"), Block("# Title"), Block("more")],
    ),
    "an underlined heading": ("Title\n===\ntext", [Block("Title\n==="), Block("text")]),
    "a rule is no underline": ("text\n\n---\nmore", [Block("text"), Block("---"), Block("more")]),
    "code": (
        "see\n```python\nif x:\n\n    # no title\n```\ndone",
        [Block("see"), Block("if x:\n\n    # no title", "python"), Block("done")],
    ),
    "code that is never closed": ("~~~\nx = 1\n```\n", [Block("x = 1\n```", "")]),
    "a longer fence holds a shorter": ("````md\n```\nx\n```\n````", [Block("```\nx\n```", "md")]),
    "long code comes in pieces": (
        "\n".join(["```", *LONG, "```", "end"]),
        [
            Block("\n".join(LONG[:PIECE]), ""),
            Block(LONG[PIECE], "", tight=True),
            Block("end"),
        ],
    ),
    "a tight list": (
        "so:\n- one\n- two\n  more\nlazy\n\nend",
        [
            Block("so:"),
            Block("- one", tight=True),
            Block("- two\n  more\nlazy", tight=True),
            Block("end"),
        ],
    ),
    "a loose list": ("1. one\n\n2. two\n", [Block("1. one"), Block("2. two")]),
    "a list in a list": ("- one\n  - two\n    - three", [Block("- one\n  - two\n    - three")]),
    "code in a list": (
        "- one\n  ```\n  - no item\n\n# no title\n  ```\n- two",
        [Block("- one\n  ```\n  - no item\n\n# no title\n  ```"), Block("- two", tight=True)],
    ),
    "code after a list": ("- one\n```\nx\n```", [Block("- one"), Block("x", "")]),
    "a year begins no list": ("It was\n1984. No more.", [Block("It was\n1984. No more.")]),
    "a rule of stars is no item": (
        "- one\n* * *\nend",
        [Block("- one"), Block("* * *"), Block("end")],
    ),
    "a table": ("| a |\n|---|\n| 1 |\n\nend", [Block("| a |\n|---|\n| 1 |"), Block("end")]),
    "a quote": ("> one\n>\n> two\n\nend", [Block("> one\n>\n> two"), Block("end")]),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
@pytest.mark.parametrize(("text", "blocks"), CASES.values(), ids=CASES)
def test_text_in_any_pieces_becomes_the_same_blocks(
    text: str, blocks: list[Block], size: int
) -> None:
    splitter = Splitter()
    found = [
        block
        for at in range(0, len(text), size)
        for block in splitter.feed(text[at : at + size])
    ]  # fmt: skip
    assert found + splitter.end() == blocks


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("", None),
        ("one", Block("one")),
        ("one\n\n", None),
        ("one\n\ntw", Block("tw")),
        ("```py\nx = ", Block("x = ", "py")),
        ("- one\n- tw", Block("- one\n- tw")),
    ],
)
def test_the_tail_is_what_is_still_open(text: str, tail: Block | None) -> None:
    splitter = Splitter()
    splitter.feed(text)
    assert splitter.tail() == tail


def test_no_text_is_lost() -> None:
    text = "\n\n".join(source for source, _ in CASES.values() if "`" not in source)
    splitter = Splitter()
    blocks = [*splitter.feed(text), *splitter.end()]
    assert "\n".join(block.text for block in blocks).split() == text.split()
