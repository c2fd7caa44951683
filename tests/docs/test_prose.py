"""The docs are true: their code runs, their links lead somewhere, their names exist.

A fence that says `runnable` is run: Python by itself, bash and JavaScript (with `sluice.mjs` beside
it) against a server with the demo model.
"""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from sluice.cli import app
from sluice.cli.settings_help import GROUPS, settings
from sluice.routes import DIALECTS
from tests.conftest import Running, environment

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
)
SAID = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}

FENCE = re.compile(r"^```(?P<info>.+)\n(?P<code>(?:.*\n)*?)```$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
SETTING = re.compile(r"\bSLUICE_[A-Z_]+\b")
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
METRIC = re.compile(r"`(sluice_[a-z_]+)`")

BESIDES = {"SLUICE_TOKEN"}  # of `sluice check`: a client's setting, not a server's
ADDRESS = "http://127.0.0.1:8000"
PATIENCE = 60.0  # seconds


class Block(NamedTuple):
    """A piece of code in a page; `place` is the page and the line of its fence."""

    place: str
    language: str
    runnable: bool
    code: str


def blocks() -> list[Block]:
    found: list[Block] = []
    for name, text in SAID.items():
        for fence in FENCE.finditer(text):
            language, *words = fence["info"].split()
            line = text.count("\n", 0, fence.start()) + 1
            found.append(Block(f"{name}:{line}", language, "runnable" in words, fence["code"]))
    return found


def of(language: str, *, runnable: bool) -> list[object]:
    return [
        pytest.param(block.code, id=block.place)
        for block in blocks()
        if (block.language, block.runnable) == (language, runnable)
    ]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


# Code


@pytest.mark.parametrize("code", of("python", runnable=True))
def test_a_python_block_runs_and_complains_of_nothing(code: str, tmp_path: Path):
    done = run(tmp_path, sys.executable, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize("code", of("bash", runnable=True))
def test_a_shell_block_runs_against_a_server(code: str, server: Running, tmp_path: Path):
    done = run(tmp_path, "bash", "-euo", "pipefail", "-c", code.replace(ADDRESS, server.url))
    assert (done.returncode, done.stderr) == (0, "")
    assert "error" not in done.stdout
    assert done.stdout


@pytest.mark.parametrize("code", of("js", runnable=True))
def test_a_script_runs_against_a_server(code: str, server: Running, node: Path, tmp_path: Path):
    with urlopen(f"{server.url}/sluice.js") as client:
        (tmp_path / "sluice.mjs").write_bytes(client.read())
    (tmp_path / "block.mjs").write_text(code.replace(ADDRESS, server.url), "utf-8")
    done = run(tmp_path, str(node), "block.mjs")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize("code", of("python", runnable=False))
def test_any_other_python_block_is_python(code: str):
    compile(code, "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("code", of("bash", runnable=False))
def test_any_other_shell_block_is_shell(code: str, tmp_path: Path):
    assert run(tmp_path, "bash", "-n", "-c", code).stderr == ""


@pytest.mark.parametrize("code", of("js", runnable=False))
def test_any_other_script_is_one(code: str, node: Path, tmp_path: Path):
    (tmp_path / "block.mjs").write_text(code, "utf-8")
    assert run(tmp_path, str(node), "--check", "block.mjs").stderr == ""


def test_something_is_run():
    assert {block.language for block in blocks() if block.runnable} == {"python", "bash", "js"}


# Links


def anchors(text: str) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    plain = [re.sub(r"[^\w\- ]", "", found["text"].lower()) for found in HEADING.finditer(text)]
    return {heading.replace(" ", "-") for heading in plain}


def broken(name: str, target: str) -> bool:
    if "://" in target:
        return False
    file, _, anchor = target.partition("#")
    page = (ROOT / name).parent / file if file else ROOT / name
    if not page.exists():
        return True
    return bool(anchor) and anchor not in anchors(page.read_text("utf-8"))


@pytest.mark.parametrize("name", SAID)
def test_links_lead_somewhere(name: str):
    prose = FENCE.sub("", SAID[name])
    targets = [found["target"] for found in LINK.finditer(prose)]
    assert [target for target in targets if broken(name, target)] == []


def test_every_page_can_be_found_from_the_first():
    linked = {"README.md"}
    waiting = ["README.md"]
    while waiting:
        name = waiting.pop()
        for found in LINK.finditer(FENCE.sub("", SAID[name])):
            file = found["target"].partition("#")[0]
            if "://" in file or not file.endswith(".md"):
                continue
            page = str(((ROOT / name).parent / file).resolve().relative_to(ROOT.resolve()))
            if page not in linked:
                linked.add(page)
                waiting.append(page)
    assert set(SAID) - linked == set()


# Names


def test_the_first_screen_has_the_two_commands():
    first = SAID["README.md"].splitlines()[:12]
    assert {"make serve", "make test"} <= set(first)


@pytest.mark.parametrize("name", SAID)
def test_every_setting_that_is_named_exists(name: str):
    known = {setting.name for setting in settings()} | BESIDES
    assert set(SETTING.findall(SAID[name])) - known == set()


def test_every_route_of_a_dialect_is_documented():
    paths = {route.path for dialect in DIALECTS for route in dialect.routes}
    assert {path for path in paths if f"{path}`" not in SAID["docs/api.md"]} == set()


def test_every_metric_that_is_named_exists(server: Running):
    with urlopen(f"{server.url}/metrics") as response:
        there = response.read().decode()
    # Counters are declared without their suffix, and so appear before they have counted.
    named = {name.removesuffix("_total") for name in METRIC.findall(SAID["docs/operate.md"])}
    assert {name for name in named if f"# HELP {name}" not in there} == set()


# What is made from the settings


def test_the_generated_files_say_what_the_settings_say():
    pages: dict[Path, str] = runpy.run_path(str(ROOT / "scripts" / "settings-docs"))["pages"]()
    stale = [path.name for path, text in pages.items() if path.read_text("utf-8") != text]
    assert stale == [], "run .venv/bin/python scripts/settings-docs"


def test_the_help_of_serve_lists_every_setting_within_80_columns():
    said = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "80"}).output
    assert [setting.name for setting in settings() if f" {setting.name} " not in said] == []
    assert [line for line in said.splitlines() if len(line) > 80 or "…" in line] == []


def test_the_groups_are_those_of_the_source():
    source = (ROOT / "src" / "sluice" / "settings.py").read_text("utf-8")
    found = re.findall(r"^    # (?P<title>.+)\n    (?P<field>\w+):", source, re.MULTILINE)
    assert {field: title for title, field in found} == GROUPS
