"""What was said in a conversation before, newest first, and no more of it than is wanted."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from sluice.core.messages import Message
from sluice.services.chat import BYTES_A_TOKEN, TURN
from sluice.stores.sql.schema import attachments, messages

FRAME = TURN * BYTES_A_TOKEN  # bytes that a turn takes beside its text
PAGE = 32  # rows in one read
UNBOUNDED = 2**31 - 1  # deeper than any conversation

# A look into an index for each message, so that only who has files pays for finding them.
FILES = (
    select(func.count())
    .select_from(attachments)
    .where(attachments.c.message_id == messages.c.id)
    .correlate(messages)
    .scalar_subquery()
    .label("files")
)
SHOWN = (
    select(
        messages.c.id,
        messages.c.depth,
        messages.c.role,
        messages.c.content,
        messages.c.size,
        messages.c.status,
        FILES,
    )
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.depth < bindparam("below"),
        messages.c.shown,
    )
    .order_by(messages.c.depth.desc())
    .limit(PAGE)
)


class Past(NamedTuple):
    """What came before a turn.

    `leaf`, `depth`  the message that the turn follows; None and 0 where it is the first
    `messages`       as many as there was room for, the oldest first
    `size`           their bytes, with what a turn takes beside its text
    `carriers`       the ids of those that carry files, by their place
    `dropped`        the depth down to which there are older ones that found no room; 0: none
    """

    leaf: str | None = None
    depth: int = 0
    messages: tuple[Message, ...] = ()
    size: int = 0
    carriers: Mapping[int, str] = MappingProxyType({})
    dropped: int = 0


def read_past(
    tx: Connection,
    conversation: str,
    below: int,
    room: int,
    most: int,
    *,
    anew: bool,
    spared: int = 0,
) -> Past:
    """What is shown of less than this depth: `most` messages, in `room` bytes, and where not all
    of it fits, `spared` bytes less.

    With `anew` the newest of it is the question to be answered anew, which comes in any case.
    """
    rows = _shown(tx, conversation, below)
    leaf = next(rows, None)
    if leaf is None:
        return Past()
    asked = [leaf] if anew else []
    room -= sum(row.size + FRAME for row in asked)
    fitting, dropped = _fitting(_answered(rows if anew else _with(leaf, rows)), room, most)
    if dropped:
        fitting, _ = _fitting(fitting, room - spared, most)
    taken = [*asked, *fitting]
    if taken and taken[-1].role == "assistant":  # its question found no room
        taken.pop()
    taken.reverse()
    return Past(
        leaf.id,
        leaf.depth,
        tuple([Message(row.role, row.content) for row in taken]),
        sum(row.size + FRAME for row in taken),
        {place: row.id for place, row in enumerate(taken) if row.files},
        (taken[0].depth - 1 if taken else leaf.depth) if dropped else 0,
    )


def _shown(tx: Connection, conversation: str, below: int) -> Iterator[Any]:
    """The rows of the branch shown, newest first, a page at a time."""
    while True:
        page = tx.execute(SHOWN, {"conversation": conversation, "below": below}).all()
        yield from page
        if len(page) < PAGE:
            return
        below = page[-1].depth


def _with(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _answered(rows: Iterable[Any]) -> Iterator[Any]:
    """All but replies of which nothing came, and their questions."""
    answered = True
    for row in rows:
        if row.role == "assistant":
            answered = row.status in {"complete", "partial"} and row.size > 0
        if answered:
            yield row


def _fitting(rows: Iterable[Any], room: int, most: int) -> tuple[list[Any], bool]:
    """The newest that fit, and whether there are more."""
    fitting: list[Any] = []
    for row in rows:
        room -= row.size + FRAME
        if room < 0 or len(fitting) == most:
            return fitting, True
        fitting.append(row)
    return fitting, False
