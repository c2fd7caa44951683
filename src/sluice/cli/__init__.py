"""The command line: `serve`, `chat`, `check`, `users`, `points`, `db`."""

import typer

from sluice.cli.chat import chat_command
from sluice.cli.check import check_command
from sluice.cli.db import db_app
from sluice.cli.points import points_app
from sluice.cli.serve import serve_command
from sluice.cli.settings_help import ServeHelp
from sluice.cli.users import users_app

app = typer.Typer(
    name="sluice",
    help="A streaming chat server for language models: any client in, any model out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve", cls=ServeHelp)(serve_command)
app.command("chat")(chat_command)
app.command("check")(check_command)
app.add_typer(users_app, name="users")
app.add_typer(points_app, name="points")
app.add_typer(db_app, name="db")


def main() -> None:
    """The console script."""
    app()
