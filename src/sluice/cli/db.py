"""`sluice db`: the database by hand. A server may run meanwhile; not while a file is upgraded."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from sluice.settings import BadSetting, Settings, load
from sluice.stores.sql.backup import copy
from sluice.stores.sql.database import StoreError, Work
from sluice.stores.sql.files import make_folder
from sluice.stores.sql.migrate import BACKUPS, backup_name, faults
from sluice.stores.sql.opening import file_of, is_postgres, open_database, upgrade_database

T = TypeVar("T")
Target = Annotated[
    Path | None, typer.Argument(help="A file that is not there yet; else one in the data folder.")
]
USE_PG_DUMP = "PostgreSQL brings its own: pg_dump --format=custom, and pg_restore."

db_app = typer.Typer(help="The database: upgrade, backup, check.", no_args_is_help=True)


@db_app.command("upgrade")
def upgrade_command() -> None:
    """Bring the database to this version. A server does that to its SQLite file by itself."""
    settings = _settings()
    _done(upgrade_database(_url(settings), settings.data_dir))
    typer.echo("The database is up to date.")


@db_app.command("backup")
def backup_command(path: Target = None) -> None:
    """Copy the SQLite database as it is now, while the server runs."""
    settings = _settings()
    typer.echo(_done(_backup(settings, path)))


@db_app.command("check")
def check_command() -> None:
    """Look whether the database is sound, and which revision it is of."""
    settings = _settings()
    found = _done(_ask(settings, faults))
    for line in found:
        typer.echo(line, err=True)
    if found:
        raise typer.Exit(1)
    typer.echo("The database is sound and up to date.")


async def _backup(settings: Settings, path: Path | None) -> Path:
    if is_postgres(_url(settings)):
        raise StoreError(USE_PG_DUMP)
    if path is None:
        path = settings.data_dir / BACKUPS / await _ask(settings, backup_name)
        make_folder(path.parent)
    await asyncio.to_thread(copy, _file(settings), path)
    return path


async def _ask(settings: Settings, work: Work[T]) -> T:
    """What a transaction finds in the database as it is. None is made where there is none."""
    if not is_postgres(_url(settings)):
        _file(settings)
    database = await open_database(_url(settings), settings.data_dir)
    try:
        return await database.read(work)
    finally:
        await database.close()


def _file(settings: Settings) -> Path:
    """The SQLite file, which must be there."""
    path = file_of(_url(settings), settings.data_dir)
    if not path.exists():
        raise StoreError(f"There is no database at {path}.")
    return path


def _url(settings: Settings) -> str | None:
    return settings.database_url.get_secret_value() if settings.database_url else None


def _settings() -> Settings:
    try:
        return load()
    except BadSetting as problem:
        raise _refusal(problem) from None


def _done(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except StoreError as problem:
        raise _refusal(problem) from None


def _refusal(problem: Exception) -> typer.Exit:
    typer.echo(f"sluice: {problem}", err=True)
    return typer.Exit(2)
