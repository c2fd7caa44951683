"""Runs a command's work on the database, beside a running server or without one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from sluice.core.errors import SluiceError
from sluice.settings import BadSetting, Settings, load
from sluice.stores.sql.database import Database, StoreError
from sluice.stores.sql.migrate import UPGRADE_FIRST, standing
from sluice.stores.sql.opening import open_database

T = TypeVar("T")


def on_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Open the database, do this, and close it. What is in the way is said in a line."""
    try:
        return asyncio.run(_open(work))
    except (BadSetting, StoreError) as problem:
        typer.echo(f"sluice: {problem}", err=True)
        raise typer.Exit(2) from None
    except SluiceError as problem:
        typer.echo(f"sluice: {problem.message}", err=True)
        raise typer.Exit(1) from None


async def _open(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    settings = load()
    url = settings.database_url.get_secret_value() if settings.database_url else None
    database = await open_database(url, settings.data_dir)
    try:
        if (found := await database.read(standing)) != "current":
            raise StoreError(UPGRADE_FIRST[found])
        return await work(database, settings)
    finally:
        await database.close()
