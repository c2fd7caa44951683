"""`sluice users`, on a database of its own."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sluice.cli.users import users_app
from sluice.stores.sql.migrate import upgrade_file

PASSWORD = "correct horse\n"
ROW = re.compile(r"^(\S+) +(\S+) +(user|admin) +(\d{4}-\d\d-\d\d) +(enabled|disabled) *$", re.M)


class Shell:
    """Runs commands, and remembers nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runner = CliRunner()

    def run(self, *arguments: str, given: str = "") -> tuple[int, str]:
        """The exit code, and everything that was said."""
        env = {"SLUICE_DATA_DIR": str(self._folder), "SLUICE_DATABASE_URL": None, "COLUMNS": "200"}
        found = self._runner.invoke(users_app, list(arguments), input=given, env=env)
        return found.exit_code, found.output

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Name, address, role and state of all users."""
        code, text = self.run("list")
        assert code == 0
        return [(name, email, role, state) for name, email, role, _, state in ROW.findall(text)]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    upgrade_file(tmp_path / "sluice.db", tmp_path / "backups")
    return Shell(tmp_path)


def test_users_are_added_and_listed(shell: Shell):
    added = [
        shell.run("add", "ada", "ada@example.com", "--admin", "--password-stdin", given=PASSWORD),
        shell.run("add", "bob", "bob@example.com", given=PASSWORD * 2),
    ]
    assert [code for code, _ in added] == [0, 0]
    assert "added ada (admin)" in added[0][1]
    assert PASSWORD.strip() not in added[1][1]
    assert shell.rows() == [
        ("ada", "ada@example.com", "admin", "enabled"),
        ("bob", "bob@example.com", "user", "enabled"),
    ]


def test_a_user_is_disabled_and_enabled_by_name_or_address(shell: Shell):
    shell.run("add", "ada", "ada@example.com", "--password-stdin", given=PASSWORD)
    assert shell.run("disable", "ADA")[0] == 0
    assert shell.rows()[0][-1] == "disabled"
    assert shell.run("enable", "ada@example.com")[0] == 0
    assert shell.rows()[0][-1] == "enabled"


def test_a_password_is_reset(shell: Shell):
    shell.run("add", "ada", "ada@example.com", "--password-stdin", given=PASSWORD)
    assert shell.run("reset-password", "ada", "--password-stdin", given="another one\n")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("disable", "nobody"), "", "no user nobody"),
        (("reset-password", "ada", "--password-stdin"), "short\n", "8 to 1024"),
        (("add", "ADA", "x@example.com", "--password-stdin"), PASSWORD, "taken"),
        (("add", "a b", "x@example.com", "--password-stdin"), PASSWORD, "letters"),
        (("add", "x", "nowhere", "--password-stdin"), PASSWORD, "e-mail"),
        (("disable", "ada"), "", "last administrator"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    shell: Shell, arguments: tuple[str, ...], given: str, said: str
):
    shell.run("add", "ada", "ada@example.com", "--admin", "--password-stdin", given=PASSWORD)
    code, text = shell.run(*arguments, given=given)
    assert code == 1
    assert said in text
    assert len(text.splitlines()) == 1


def test_a_database_that_is_not_ready_is_said_so(tmp_path: Path):
    code, text = Shell(tmp_path).run("list")
    assert code == 2
    assert "sluice db upgrade" in text
