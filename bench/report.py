"""The figures, in words: tables for the terminal, and the page of results."""

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.figures import Condition, Figures

Cells = Sequence[str]


class Column(NamedTuple):
    """A figure, its name, and its digits after the point."""

    field: str
    title: str
    digits: int


COLUMNS = (
    Column("event_us", "p200 µs/event", 1),
    Column("event_ratio", "× nginx", 2),
    Column("request_us", "req µs", 0),
    Column("request_ratio", "× nginx", 2),
    Column("burst_us", "burst µs/event", 1),
    Column("latency_us", "added p50 µs", 0),
    Column("first_token_ms", "added first token ms", 2),
    Column("memory_mb", "MB per 1000 streams", 1),
    Column("lost", "lost", 0),
)


class Target(NamedTuple):
    """A figure of Sluice's, and the most that it may be."""

    about: str
    field: str
    limit: float
    unit: str


TARGETS = (
    Target("CPU per event at p200", "event_ratio", 2.5, "× nginx"),
    Target("request cost, stateless dialect", "request_ratio", 6, "× nginx"),
    Target("added first-token time, p50", "first_token_ms", 0.7, "ms"),
    Target("memory per 1000 open streams", "memory_mb", 30, "MB"),
    Target("tokens lost", "lost", 0, ""),
)

HOW = """\
The server under test has one core; the mock provider and the load client, both in Python, have
another one. Loopback, no TLS. CPU is that of the server's process, all threads and children, by its
CPU clock. Every round runs each scenario on each server in turn, and on the mock without a server;
a ratio or a difference is taken within a round, and a figure is the median over the rounds. A round
of p200 in which events travelled together (see the conditions) does not count. Times on a shared
machine are what they are: quote the ratios.

The kernel counts a process's `read` and `write`, not its `recv` and `send`. nginx reads by `recv`,
so its reads are not counted (—); it writes no more often than it has read, so that its writes bound
them. Memory is PSS without mapped files, measured once, in a process started for it and warmed up:
what it was when each stream had had a token, less what it was before they were opened.
"""


ELSEWHERE = """\
Not measured by this command: stored conversations, the time from a cancel to the provider's
connection closed, 5,000 streams in one process, several workers, Redis."""


def number(value: float | None, digits: int) -> str:
    """A figure as text; a dash where there is none."""
    return "—" if value is None else f"{value:,.{digits}f}"


def figure_rows(found: dict[str, Figures]) -> list[Cells]:
    """The table of figures, its head first."""
    head = ["server", *(column.title for column in COLUMNS)]
    rows = [
        [name, *(number(getattr(figures, c.field), c.digits) for c in COLUMNS)]
        for name, figures in found.items()
    ]
    return [head, *rows]


def condition_rows(found: dict[str, list[Condition]]) -> list[Cells]:
    """What p200 has to fulfil, a line each, and whether each server's run did."""
    names = list(found)
    rows = [
        [of_all[0].about, *(f"{number(c.value, 2)} {mark(c.holds)}" for c in of_all)]
        for of_all in zip(*found.values(), strict=True)
    ]
    return [["condition at p200", *names], *rows]


def target_rows(sluice: Figures) -> list[Cells]:
    """The targets, and whether they are reached."""
    rows: list[Cells] = []
    for target in TARGETS:
        value: float | None = getattr(sluice, target.field)
        limit = f"≤ {target.limit:g} {target.unit}".strip()
        reached = "not measured" if value is None else mark(value <= target.limit)
        rows.append([target.about, limit, number(value, 2), reached])
    return [["target", "first", "measured", "reached"], *rows]


def mark(holds: bool) -> str:
    """A condition's outcome."""
    return "yes" if holds else "NO"


def plain(rows: Sequence[Cells]) -> str:
    """A table for a terminal."""
    first, *others = zip(*rows, strict=True)
    columns = [_padded(first, str.ljust), *(_padded(column, str.rjust) for column in others)]
    return "\n".join("  ".join(row) for row in zip(*columns, strict=True))


def _padded(column: Cells, pad: Callable[[str, int], str]) -> list[str]:
    width = max(map(len, column))
    return [pad(cell, width) for cell in column]


def markdown(rows: Sequence[Cells]) -> str:
    """A table for a page."""
    head, *rest = rows
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rest])


def machine(cores: int, programs: Sequence[str]) -> str:
    """The machine, in one line."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line for line in info if "model name" in line), platform.machine())
    system = f"Linux {platform.release().split('-')[0]}"
    python = f"Python {platform.python_version()}"
    return ", ".join([model.split(":")[-1].strip(), f"{cores} cores", system, python, *programs])


class Page(NamedTuple):
    """What the page of results says besides its tables."""

    date: str
    machine: str
    command: str
    rounds: int


def page(about: Page, found: dict[str, Figures], held: dict[str, list[Condition]]) -> str:
    """The page of results."""
    parts = [
        "# Results of the benchmark",
        f"{about.date}. {about.machine}.\nMedians of {about.rounds} rounds of `{about.command}`.",
        markdown(figure_rows(found)),
        HOW.strip(),
        "## Conditions",
        markdown(condition_rows(held)) if held else "p200 was not run.",
    ]
    if "sluice" in found:
        parts += ["## Targets", markdown(target_rows(found["sluice"])), ELSEWHERE]
    return "\n\n".join(parts) + "\n"
