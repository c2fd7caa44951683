"""`sluice points`: what users may spend on replies, from the machine that the server runs on."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, NamedTuple, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from sluice.cli.database import on_database
from sluice.core.commands import Principal
from sluice.core.errors import NotFound
from sluice.services.accounts.audit import Audit
from sluice.services.accounts.names import fold
from sluice.services.accounts.ports import Account
from sluice.services.points import GRANTED, Holding, Points, Statement
from sluice.settings import Settings
from sluice.stores.sql.accounts.passwords import SqlPasswords
from sluice.stores.sql.accounts.trail import SqlTrail
from sluice.stores.sql.database import Database
from sluice.stores.sql.points import SqlPoints

T = TypeVar("T")

PAGE = 200  # users that are read at once
LINES = 20  # of a ledger that are shown
OPERATOR = Principal()  # who no request stands behind

User = Annotated[str, typer.Argument(help="Name or e-mail address.")]

points_app = typer.Typer(help="Show and grant points.", no_args_is_help=True)


class Counter(NamedTuple):
    """What the commands work with."""

    points: Points
    passwords: SqlPasswords
    audit: Audit

    async def account(self, name: str) -> Account:
        """The user of this name or address. Raises `NotFound`."""
        if (found := await self.passwords.find(name)) is None:
            raise NotFound(f"There is no user {name}.")
        return found.account


# A number below zero looks like an option: here there are none that do.
@points_app.command("grant", context_settings={"ignore_unknown_options": True})
def grant_command(
    user: User,
    amount: Annotated[int, typer.Argument(help="Points; below zero takes some away.")],
    note: Annotated[str, typer.Option("--note", help="A line for the ledger.")] = "",
) -> None:
    """Give a user points."""

    async def grant(counter: Counter) -> tuple[str, int]:
        account = await counter.account(user)
        balance = await counter.points.grant(account.id, amount, note)
        await counter.audit.note(GRANTED, OPERATOR, subject=account.id)
        return account.username, balance

    name, balance = _run(grant)
    typer.echo(f"{name} has {balance} points")


@points_app.command("show")
def show_command(user: User) -> None:
    """Show what a user has, and the newest lines of the ledger."""

    async def show(counter: Counter) -> tuple[str, Statement]:
        account = await counter.account(user)
        return account.username, await counter.points.statement(account.id, LINES)

    name, found = _run(show)
    typer.echo(f"{name} has {found.balance} points, {found.reserved} of them reserved")
    table = _table("at", "points", "kind", "run", "note")
    for one in found.entries:
        at = one.at.isoformat(sep=" ", timespec="seconds")
        table.add_row(at, f"{one.amount:+}", one.kind, one.run or "-", one.note)
    _print(table)


@points_app.command("list")
def list_command() -> None:
    """List what each user has."""

    async def everybody(counter: Counter) -> list[Holding]:
        found: list[Holding] = []
        after = ""
        while page := await counter.points.holdings(after, PAGE):
            found += page
            after = fold(page[-1].username)
        return found

    table = _table("name", "points", "reserved")
    for one in _run(everybody):
        table.add_row(one.username, str(one.balance), str(one.reserved))
    _print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    return table


def _print(table: Table) -> None:
    Console(highlight=False, markup=False, soft_wrap=True).print(table)


def _run(work: Callable[[Counter], Awaitable[T]]) -> T:
    async def at_counter(database: Database, _: Settings) -> T:
        points = Points(SqlPoints(database), time.time)
        audit = Audit(SqlTrail(database), time.time)
        return await work(Counter(points, SqlPasswords(database), audit))

    return on_database(at_counter)
