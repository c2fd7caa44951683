"""`sluice users`: accounts, from the command line of the machine that the server runs on.

It works beside a running server, which hears of what is revoked within seconds.
"""

import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, NamedTuple, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from sluice.adapters.addresses import email_address
from sluice.adapters.argon2 import Argon2
from sluice.cli.database import on_database
from sluice.core.commands import Principal
from sluice.core.errors import NotFound
from sluice.services.accounts.administration import Administration
from sluice.services.accounts.audit import Audit
from sluice.services.accounts.books import Change, Passwords, Users
from sluice.services.accounts.guesses import Guesses
from sluice.services.accounts.names import fold
from sluice.services.accounts.ports import Account
from sluice.services.accounts.profile import Profile
from sluice.services.accounts.proof import Proof
from sluice.services.accounts.registration import Policy, Registration
from sluice.services.windows import MovingWindows
from sluice.settings import Settings
from sluice.stores.sql.accounts.invitations import SqlInvitations
from sluice.stores.sql.accounts.passwords import SqlPasswords
from sluice.stores.sql.accounts.trail import SqlTrail
from sluice.stores.sql.accounts.users import SqlUsers
from sluice.stores.sql.database import Database

T = TypeVar("T")

PAGE = 200  # users that are read at once
OPERATOR = Principal()  # who no request stands behind

Name = Annotated[str, typer.Argument(help="Name or e-mail address.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]

users_app = typer.Typer(help="Add, list, disable and enable users.", no_args_is_help=True)


class Desk(NamedTuple):
    """What the commands work with."""

    users: Users
    passwords: Passwords
    registration: Registration
    profile: Profile
    administration: Administration


@users_app.command("add")
def add_command(
    name: Annotated[str, typer.Argument(help="The user's name.")],
    email: Annotated[str, typer.Argument(help="The user's e-mail address.")],
    admin: Annotated[bool, typer.Option("--admin", help="Make it an administrator.")] = False,
    password_stdin: FromInput = False,
) -> None:
    """Add a user."""
    password = _password(from_input=password_stdin)

    async def add(desk: Desk) -> Account:
        role = "admin" if admin else "user"
        return await desk.registration.appoint(name, email, password, role)

    found = _run(add)
    typer.echo(f"added {found.username} ({found.role})")


@users_app.command("list")
def list_command() -> None:
    """List all users."""

    async def everybody(desk: Desk) -> list[Account]:
        found: list[Account] = []
        after = ""
        while page := await desk.users.page("", PAGE, after):
            found += page
            after = fold(page[-1].username)
        return found

    table = Table(box=None, pad_edge=False)
    for heading in ("name", "e-mail", "role", "since", "state"):
        table.add_column(heading)
    for one in _run(everybody):
        state = "disabled" if one.disabled else "enabled"
        since = one.created_at.date().isoformat()
        table.add_row(one.username, one.email or "-", one.role, since, state)
    Console(highlight=False, markup=False, soft_wrap=True).print(table)


@users_app.command("disable")
def disable_command(name: Name) -> None:
    """Disable a user: whoever is signed in as that user is signed out."""
    _alter(name, Change(disabled=True))
    typer.echo(f"disabled {name}")


@users_app.command("enable")
def enable_command(name: Name) -> None:
    """Enable a user again."""
    _alter(name, Change(disabled=False))
    typer.echo(f"enabled {name}")


@users_app.command("reset-password")
def reset_password_command(name: Name, password_stdin: FromInput = False) -> None:
    """Give a user another password, and sign the user out everywhere."""
    password = _password(from_input=password_stdin)

    async def reset(desk: Desk) -> None:
        await desk.profile.reset_password(await _id_of(desk, name), password)

    _run(reset)
    typer.echo(f"reset the password of {name}")


def _alter(name: str, change: Change) -> None:
    async def alter(desk: Desk) -> None:
        await desk.administration.alter(await _id_of(desk, name), change, OPERATOR)

    _run(alter)


async def _id_of(desk: Desk, name: str) -> str:
    if (found := await desk.passwords.find(name)) is None:
        raise NotFound(f"There is no user {name}.")
    return found.account.id


def _password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


def _run(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Do something at the desk. What is in the way is said in a line."""

    async def at_desk(database: Database, settings: Settings) -> T:
        hasher = Argon2()
        try:
            return await work(_desk(database, hasher, settings.points_at_registration))
        finally:
            hasher.close()

    return on_database(at_desk)


def _desk(database: Database, hasher: Argon2, welcome: int) -> Desk:
    """The accounts of a database, where a new user has `welcome` points. Servers hear of what is
    revoked from the database."""
    users, passwords = SqlUsers(database, welcome), SqlPasswords(database)
    invitations, trail = SqlInvitations(database), SqlTrail(database)
    audit = Audit(trail, time.time)
    proof = Proof(passwords, hasher, Guesses(MovingWindows(time.monotonic)), audit)
    return Desk(
        users,
        passwords,
        Registration(
            users,
            invitations,
            proof,
            audit,
            Policy(lambda _: "closed"),
            address=email_address,
            new_id=lambda: str(uuid.uuid4()),
            wall=time.time,
        ),
        Profile(
            users,
            passwords,
            proof,
            audit,
            _unheard,
            before_delete=_untouched,
            address=email_address,
            wall=time.time,
        ),
        Administration(users, trail, audit, _unheard, before_delete=_untouched, wall=time.time),
    )


def _unheard(_kind: str, _id: str) -> None:
    """Nobody is signed in at the command line."""


async def _untouched(_id: str) -> None:
    """Nothing is deleted from here."""
