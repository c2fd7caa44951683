"""Branches of a conversation: which messages a branch consists of, and which one is shown.

A branch that is not shown is told apart from the one that is only where they differ: upwards to
the first message that both share, downwards along the newest replies. Each step is a look into an
index, so it costs what the difference is long.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from sluice.core.errors import NotFound
from sluice.stores.sql.runs.branches import HIDDEN_PATH, show_path
from sluice.stores.sql.schema import messages

child = messages.alias("child")
sibling = messages.alias("sibling")

DEPTH = select(messages.c.depth).where(
    messages.c.id == bindparam("message"), messages.c.conversation_id == bindparam("conversation")
)
# A message, and below it always the newest one.
ANCHOR = (
    select(messages.c.id, messages.c.depth)
    .where(messages.c.id == bindparam("message"))
    .cte("newest", recursive=True)
)
LAST_CHILD = (
    select(func.max(sibling.c.seq))
    .where(
        sibling.c.conversation_id == bindparam("conversation"),
        sibling.c.depth == ANCHOR.c.depth + 1,
        sibling.c.parent_id == ANCHOR.c.id,
    )
    .correlate(ANCHOR)
    .scalar_subquery()
)
NEWEST = ANCHOR.union_all(
    select(child.c.id, child.c.depth).select_from(ANCHOR.join(child, child.c.seq == LAST_CHILD))
)
BELOW = select(NEWEST.c.id, NEWEST.c.depth).where(NEWEST.c.id != bindparam("message"))
# Below a message: what is shown and is not of these is hidden, and the other way round.
TURN = (
    update(messages)
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.depth > bindparam("above"),
        messages.c.shown != messages.c.id.in_(select(NEWEST.c.id)),
    )
    .values(shown=~messages.c.shown)
)
LEAF = (
    select(messages.c.depth)
    .where(messages.c.conversation_id == bindparam("conversation"), messages.c.shown)
    .order_by(messages.c.depth.desc())
    .limit(1)
)


class Branch(NamedTuple):
    """A branch: what is shown above the depth `top`, and from there on these, by their depth."""

    top: int
    ids: dict[int, str]

    @property
    def leaf(self) -> int:
        """The depth at which it ends."""
        return max(self.ids, default=self.top - 1)


def branch_of(tx: Connection, conversation: str, message: str) -> Branch:
    """The branch that `choose` would show. Raises `NotFound`."""
    given = {"message": message, "conversation": conversation}
    depth = _depth(tx, given)
    hidden = tx.execute(HIDDEN_PATH, given).all()
    below = tx.execute(BELOW, given).all()
    ids = {row.depth: row.id for row in (*hidden, *below)}
    return Branch(min((row.depth for row in hidden), default=depth + 1), ids)


def choose(tx: Connection, conversation: str, message: str) -> int:
    """Show the branch of a message: what it follows, and of what follows it always the newest.

    Returns how many messages it has. The conversation is locked. Raises `NotFound`.
    """
    given = {"message": message, "conversation": conversation}
    depth = _depth(tx, given)
    show_path(tx, conversation, message)
    tx.execute(TURN, {**given, "above": depth})
    return tx.execute(LEAF, given).scalar_one()


def _depth(tx: Connection, given: dict[str, str]) -> int:
    depth = tx.execute(DEPTH, given).scalar_one_or_none()
    if depth is None:
        raise NotFound("There is no such message in this conversation.")
    return depth
