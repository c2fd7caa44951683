"""A conversation is a tree: exactly one message of each depth is shown, down to a leaf."""

from sqlalchemy import Connection, bindparam, select, update

from sluice.core.errors import ConversationBusy, InvalidRequest, NotFound
from sluice.stores.sql.schema import messages

WRONG = {
    "user": "A question is put anew in other words: say which.",
    "assistant": "A reply is written anew without a new message.",
}

FIND = select(messages.c.role, messages.c.depth, messages.c.status, messages.c.parent_id).where(
    messages.c.id == bindparam("message"), messages.c.conversation_id == bindparam("conversation")
)
HIDE = (
    update(messages)
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.depth >= bindparam("top"),
        messages.c.shown,
    )
    .values(shown=False)
)
SHOW = (
    update(messages).where(messages.c.id.in_(bindparam("path", expanding=True))).values(shown=True)
)

# A message and those before it, up to the first that is shown, which is not of the number.
BEFORE = (
    select(messages.c.id, messages.c.parent_id, messages.c.depth)
    .where(messages.c.id == bindparam("message"), ~messages.c.shown)
    .cte("before", recursive=True)
)
HIDDEN = BEFORE.union_all(
    select(messages.c.id, messages.c.parent_id, messages.c.depth).where(
        messages.c.id == BEFORE.c.parent_id, ~messages.c.shown
    )
)
HIDDEN_PATH = select(HIDDEN.c.id, HIDDEN.c.depth)


def rewind(tx: Connection, conversation: str, again: str, *, worded: bool) -> int:
    """Make way for another version of a message; returns its depth, which is free then.

    What is shown afterwards ends with the message before it. `worded`: new words for it are
    there, as a question needs them, and a reply must not have them. Raises `NotFound`,
    `ConversationBusy` while it is being written, and `InvalidRequest`.
    """
    found = tx.execute(FIND, {"message": again, "conversation": conversation}).one_or_none()
    if found is None:
        raise NotFound("There is no such message in this conversation.")
    if found.status == "streaming":
        raise ConversationBusy
    if worded != (found.role == "user"):
        raise InvalidRequest(WRONG[found.role], field="message")
    show_path(tx, conversation, found.parent_id)
    tx.execute(HIDE, {"conversation": conversation, "top": found.depth})
    return found.depth


def show_path(tx: Connection, conversation: str, message: str | None) -> None:
    """Show the branch on which a message is, down to it; hide what it takes the place of."""
    hidden = tx.execute(HIDDEN_PATH, {"message": message}).all()
    if hidden:
        top = min(row.depth for row in hidden)
        tx.execute(HIDE, {"conversation": conversation, "top": top})
        tx.execute(SHOW, {"path": [row.id for row in hidden]})
