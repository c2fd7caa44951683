"""`python -m bench`: what Sluice costs, in units of nginx.

Prints the table, and keeps it in `bench/RESULTS.md` when everything was measured.
"""

import argparse
import datetime
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench import report
from bench.figures import Condition, Figures, conditions, figures
from bench.processes import Broken, allow_many_files, cores
from bench.runner import Samples, bench, run
from bench.scenarios import SCENARIOS, Scenario
from bench.servers import SERVERS, Server, nginx_program

RESULTS = Path(__file__).parent / "RESULTS.md"


class Options(NamedTuple):
    """What to measure, and where to put what comes of it."""

    servers: list[Server]
    scenarios: list[Scenario]
    rounds: int
    results: Path | None
    json: bool


def options(argv: list[str]) -> Options:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=[s.name for s in SCENARIOS])
    parser.add_argument("--only", action="append", choices=[s.name for s in SERVERS])
    parser.add_argument("--rounds", type=int, help="default 5; 1 with --quick")
    parser.add_argument(
        "--quick", action="store_true", help="in small: shows that it works, not how well"
    )
    parser.add_argument("--results", type=Path, help="write the page of results here")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args(argv)
    scenarios = [s for s in SCENARIOS if s.name in (given.scenario or [s.name])]
    whole = not (given.quick or given.only or given.scenario)
    return Options(
        servers=[s for s in SERVERS if s.name in (given.only or [s.name])],
        scenarios=[s.quick() for s in scenarios] if given.quick else scenarios,
        rounds=max(1, given.rounds or (1 if given.quick else 5)),
        results=given.results or (RESULTS if whole else None),
        json=given.json,
    )


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def measure(asked: Options) -> Samples:
    """Start everything, measure, end everything. Raises `Broken`."""
    allow_many_files()
    with (
        tempfile.TemporaryDirectory(prefix="sluice-bench-") as work,
        bench(cores(), Path(work)) as it,
    ):
        return run(it, asked.servers, asked.scenarios, asked.rounds, say)


def about(asked: Options, argv: list[str]) -> report.Page:
    """When, where and how it was measured."""
    programs: list[str] = []
    if any(server.name == "nginx" for server in asked.servers):
        said = subprocess.run([nginx_program(), "-v"], capture_output=True, text=True, check=True)
        programs.append(said.stderr.split(":")[-1].strip())
    return report.Page(
        date=datetime.date.today().isoformat(),
        machine=report.machine(os.cpu_count() or 1, programs),
        command=shlex.join(["python", "-m", "bench", *argv]),
        rounds=asked.rounds,
    )


def show(asked: Options, argv: list[str], samples: Samples) -> int:
    """Print and keep the figures. 1 if a token was lost, else 0."""
    found: dict[str, Figures] = {s.name: figures(samples, s.name) for s in asked.servers}
    held: dict[str, list[Condition]] = {
        s.name: conditions(samples["p200", s.name])
        for s in asked.servers
        if ("p200", s.name) in samples
    }
    if asked.json:
        print(msgspec.json.encode(found).decode())
    else:
        tables = [report.figure_rows(found)]
        tables += [report.condition_rows(held)] if held else []
        tables += [report.target_rows(found["sluice"])] if "sluice" in found else []
        print("\n\n".join(map(report.plain, tables)))
    if asked.results:
        asked.results.write_text(report.page(about(asked, argv), found, held))
    return 1 if any(f.lost for f in found.values()) else 0


def main(argv: list[str]) -> int:
    """Run the benchmark: 0, 1 if a token was lost, 2 if it could not be run."""
    try:
        asked = options(argv)
        return show(asked, argv, measure(asked))
    except Broken as problem:
        say(f"bench: {problem}")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
