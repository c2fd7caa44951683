"""Opens and closes runs, for tests of what is kept of them."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Select, select

from sluice.core.commands import Once, Place, Thread
from sluice.core.events import Attempt, Receipt, Usage
from sluice.core.messages import Message
from sluice.services.archive import Closing, Hold, Opened, Opening, anything
from sluice.stores.sql.archive import SQLArchive
from sluice.stores.sql.database import Database
from sluice.stores.sql.schema import messages
from tests.stores.rows import NOON

WALL = NOON.timestamp()
TALK = Thread("conversations")
MODEL = "demo/demo"


def numbered(prefix: str) -> Callable[[], str]:
    """Makes `a1`, `a2`, …"""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


def session(name: str) -> Thread:
    """A conversation of the chat dialect."""
    return Thread("chat", named=True, name=name)


def said(*texts: str) -> tuple[Message, ...]:
    """Turns, from a user's on."""
    return tuple(Message("assistant" if at % 2 else "user", text) for at, text in enumerate(texts))


def receipt(tokens: int = 30, *, text: str = "") -> Receipt:
    usage = Usage(tokens // 3, tokens - tokens // 3)
    attempt = Attempt(MODEL, "ok", usage)
    return Receipt(MODEL, usage, 0.25, 2.0, 0.5, len(text), (attempt,))


class Teller:
    """An archive, and short words for what tests ask of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.wall = WALL
        self.archive = SQLArchive(database, numbered("id"), lambda: self.wall)
        self.new_run = numbered("run")

    async def open(
        self,
        text: str | None = "Hello?",
        *,
        run: str | None = None,
        owner: str | None = "ann",
        thread: Thread | None = TALK,
        scope: str = "",
        room: int = 100_000,
        hold: Hold | None = None,
        once: Once | None = None,
        server: str = "here",
        model: str = MODEL,
        media: tuple[str, ...] = (),
        fits: Callable[[Sequence[Message]], None] = anything,
    ) -> tuple[str, Opened]:
        """Begin a run, and return its id."""
        run = run or self.new_run()
        opening = Opening(
            id=run,
            server=server,
            dialect="conversations",
            model=model,
            owner=owner,
            messages=() if text is None else said(text),
            wall=self.wall,
            thread=thread,
            scope=scope,
            room=room,
            media=media,
            fits=fits,
            holds=() if hold is None else (hold,),
            once=once,
        )
        return run, await self.archive.open(opening)

    async def close(
        self,
        run: str,
        place: Place | None,
        text: str = "",
        *,
        owner: str | None = "ann",
        ending: str = "stop",
        lengths: Sequence[int] = (),
        tokens: int = 30,
        points: int = 0,
    ) -> None:
        """End a run: `stop`, `length`, `cancelled`, or the code of an error."""
        status = {"stop": "done", "length": "done", "cancelled": "cancelled"}.get(ending, "failed")
        failed = status == "failed"
        await self.archive.close(
            Closing(
                id=run,
                server="here",
                dialect="conversations",
                asked=MODEL,
                owner=owner,
                status=status,
                finish_reason=None if failed else ending,
                code=ending if failed else None,
                receipt=replace(receipt(tokens, text=text), points=points),
                place=place,
                text=text,
                lengths=lengths or (0, len(text)),
                wall=self.wall,
                taken={"tokens": tokens, "points": points},
            )
        )

    async def turn(self, text: str | None, answer: str, **given: Any) -> Place:
        """A whole run in a conversation."""
        ending = given.pop("ending", "stop")
        run, opened = await self.open(text, **given)
        assert opened.place is not None
        await self.close(run, opened.place, answer, owner=given.get("owner", "ann"), ending=ending)
        return opened.place

    async def rows(self, statement: Select[Any]) -> list[Any]:
        """What the database holds."""
        return await self.database.read(lambda tx: list(tx.execute(statement).all()))

    async def shown(self, conversation: str) -> list[str]:
        """The texts of the branch that is shown."""
        found = await self.rows(
            select(messages.c.content, messages.c.depth)
            .where(messages.c.conversation_id == conversation, messages.c.shown)
            .order_by(messages.c.depth)
        )
        assert [row.depth for row in found] == list(range(1, len(found) + 1))
        return [row.content for row in found]
