"""`sluice points`, on a database of its own."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sluice.cli import app
from sluice.stores.sql.migrate import upgrade_file

LINE = re.compile(r"^(\S+ \S+) +([+-]\d+) +(grant|charge) +(\S+) *(.*?) *$", re.M)


class Shell:
    """Runs commands, and remembers nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runner = CliRunner()

    def run(self, *arguments: str, given: str = "") -> tuple[int, str]:
        """The exit code, and everything that was said."""
        env = {"SLUICE_DATA_DIR": str(self._folder), "SLUICE_DATABASE_URL": None, "COLUMNS": "200"}
        found = self._runner.invoke(app, list(arguments), input=given, env=env)
        return found.exit_code, found.output

    def points(self, *arguments: str) -> tuple[int, str]:
        return self.run("points", *arguments)

    def ledger(self, name: str) -> list[tuple[str, str, str, str]]:
        """Amount, kind, run and note of each line."""
        return [found[1:] for found in LINE.findall(self.points("show", name)[1])]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    upgrade_file(tmp_path / "sluice.db", tmp_path / "backups")
    shell = Shell(tmp_path)
    for name in ("ada", "bob"):
        user = ("users", "add", name, f"{name}@example.com", "--password-stdin")
        assert shell.run(*user, given="correct horse\n")[0] == 0
    return shell


def test_points_are_granted_by_name_or_address_and_shown(shell: Shell):
    assert shell.points("grant", "ADA", "500", "--note", "a prize") == (0, "ada has 1500 points\n")
    assert shell.points("grant", "ada@example.com", "-600") == (0, "ada has 900 points\n")

    assert shell.points("show", "ada")[1].startswith("ada has 900 points, 0 of them reserved\n")
    assert shell.ledger("ada") == [
        ("-600", "grant", "-", ""),
        ("+500", "grant", "-", "a prize"),
        ("+1000", "grant", "-", "registration"),
    ]


def test_everybody_is_listed(shell: Shell):
    shell.points("grant", "bob", "1")
    rows = [line.split() for line in shell.points("list")[1].splitlines()]
    assert rows == [["name", "points", "reserved"], ["ada", "1000", "0"], ["bob", "1001", "0"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grant", "nobody", "1"), "no user nobody"),
        (("show", "nobody"), "no user nobody"),
        (("grant", "ada", "0"), "number of points"),
        (("grant", "ada", "1", "--note", "x" * 201), "200 characters"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(shell: Shell, arguments: tuple[str, ...], said: str):
    code, text = shell.points(*arguments)
    assert (code, text.startswith("sluice: ")) == (1, True)
    assert said in text
    assert len(text.splitlines()) == 1
    assert len(shell.ledger("ada")) == 1
