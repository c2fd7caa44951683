"""The `Archive` in SQL: what is kept of runs and conversations. Each transaction is in `runs/`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from sluice.core.commands import Once
from sluice.core.errors import Unauthorized
from sluice.services.archive import Closing, Opened, Opening, Piece, StoredRun
from sluice.stores.sql.database import Database
from sluice.stores.sql.runs.claims import find_claim
from sluice.stores.sql.runs.opening import open_run
from sluice.stores.sql.runs.pieces import append_pieces
from sluice.stores.sql.runs.replaying import replay_run
from sluice.stores.sql.runs.settling import close_run


class SQLArchive:
    """An `Archive`. `new_id` makes ids of conversations and messages; `wall` is epoch seconds."""

    def __init__(
        self, database: Database, new_id: Callable[[], str], wall: Callable[[], float]
    ) -> None:
        self._database = database
        self._new_id = new_id
        self._wall = wall

    async def open(self, opening: Opening) -> Opened:
        def work(tx: Connection) -> Opened:
            return open_run(tx, opening, self._new_id)

        try:
            return await self._database.write(work)
        except IntegrityError:
            if opening.owner is None:
                raise
            # All ids are new, and names are asked for: only the user can be missing.
            raise Unauthorized("This account no longer exists.") from None

    async def checkpoint(self, pieces: Sequence[Piece]) -> None:
        def work(tx: Connection) -> None:
            append_pieces(tx, pieces)

        await self._database.write(work)

    async def close(self, closing: Closing) -> None:
        def work(tx: Connection) -> None:
            close_run(tx, closing)

        await self._database.write(work)

    async def replay(self, id: str) -> StoredRun | None:
        def work(tx: Connection) -> StoredRun | None:
            return replay_run(tx, id)

        return await self._database.read(work)

    async def answered(self, caller: str, once: Once) -> str | None:
        now = datetime.fromtimestamp(self._wall(), UTC)

        def work(tx: Connection) -> str | None:
            return find_claim(tx, caller, once, now)

        return await self._database.read(work)
