"""What `sluice check` has found, for a person and for a script."""

import sys
from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sluice.cli.answers import harmless
from sluice.cli.probes.base import Result

MARKS = MappingProxyType({"ok": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "dim")})
FIGURES = MappingProxyType(
    {
        "total": "total",
        "first_byte": "first byte",
        "first_token": "first token",
        "gap": "gap",
        "gap_max": "longest gap",
    }
)


class Report(msgspec.Struct):
    """What `--json` prints. `model` is None where the server chooses."""

    url: str
    ok: bool
    model: str | None
    note: str
    checks: list[Result]


def show(report: Report, as_json: bool) -> None:
    """Print a report on stdout."""
    if as_json:
        _print_json(report)
    else:
        _print_table(report, Console())


def unreachable(url: str, problem: str, as_json: bool) -> None:
    """Say why there is nothing to report."""
    if as_json:
        _print_json({"url": url, "ok": False, "error": problem})
    sys.stderr.write(f"sluice: cannot check {harmless(url)}: {harmless(problem)}\n")


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def _print_table(report: Report, console: Console) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=1)
    table.add_column(ratio=2)
    table.add_column(ratio=3)
    group = ""
    for result in report.checks:
        if result.group != group:
            group = result.group
            table.add_row("", Text(f"\n{group}", style="bold"), "")
        mark, style = MARKS[result.state]
        table.add_row(Text(mark, style=style), Text(result.name), _details(result))
    console.print(table)
    if report.note:
        console.print(Text(f"\n{report.note}", style="yellow"))
    console.print(Text(f"\n{_summary(report)}"))


def _summary(report: Report) -> str:
    states = [result.state for result in report.checks]
    failed, skipped = states.count("failed"), states.count("skipped")
    left_out = f", {skipped} left out" if skipped else ""
    if failed:
        return f"{failed} of {len(states)} checks failed{left_out}."
    return f"{len(states) - skipped} checks, all well{left_out}."


def _details(result: Result) -> Text:
    text = Text(harmless(result.detail), style="dim" if result.state == "skipped" else "")
    if figures := _figures(result.ms):
        text.append(f"{' · ' if result.detail else ''}{figures}", style="cyan")
    if result.hint:
        text.append(f"\n→ {result.hint}", style="yellow")
    return text


def _figures(ms: Mapping[str, float]) -> str:
    named = [f"{words} {ms[name]:.0f} ms" for name, words in FIGURES.items() if name in ms]
    return " · ".join(named)
