"""What the stores need of a database, whichever it is."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]


class StoreError(Exception):
    """The store cannot be used as it is. Its text is a line or two for the operator."""


class Closed(Exception):
    """The database has been closed; what came after that has not been done."""


class Unsettled(Exception):
    """The connection broke during a commit: it may have been done, or not."""


class Database(Protocol):
    """Runs transactions. A transaction is one function of a connection, which never awaits."""

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own, and return once it is committed.

        What `work` raises rolls it back, and is raised here. Cancelling the wait does not undo it.
        On PostgreSQL others write at the same time: lock what you read (`with_for_update`), or
        change it by a condition. `work` may run twice there, where the first time came to nothing:
        it keeps what it finds out in what it returns. Raises `Unsettled` where the connection
        breaks during the commit.
        """
        ...

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which changes nothing, on one consistent view of what is committed."""
        ...

    async def close(self) -> None:
        """Finish what was asked for, then close. What comes later raises `Closed`."""
        ...
