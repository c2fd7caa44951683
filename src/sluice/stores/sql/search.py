"""Full-text search over messages: SQLite by FTS5, PostgreSQL by a text-search vector.

Both are given folded words, so both find the same. The owner is one of the words that are looked
for: what others have said costs nothing. Queries are built of words that hold nothing but letters
and digits, each of them quoted, so that no syntax of theirs gets in.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from sluice.services.conversations.shapes import Hit, Hits
from sluice.stores.sql.folding import BEGINNING, fold, words
from sluice.stores.sql.schema import conversations, messages
from sluice.stores.sql.snippets import snippet
from sluice.stores.sql.upsert import insert_or_change

KIND = "conversations"  # what is shown of what is found: others have no resource that opens them
INDEXED = (KIND, "interactions", "chat")  # whose messages are found, at least by a context
NEWEST = 1000  # messages that fit, by which conversations are found
LAST = 2**63 - 1  # no message has a higher number
LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")

# One table in two shapes, which the migrations make.
VIRTUAL = Table(
    "message_search",
    MetaData(),
    Column("rowid", Integer),
    Column("body", Text),
    Column("owner", Text),
)
STORED = Table(
    "message_search",
    MetaData(),
    Column("seq", BigInteger, primary_key=True),
    Column("owner", String(36)),
    Column("body", Text),
)
INSERT = insert(VIRTUAL).prefix_with("OR REPLACE")
REPLACE = insert_or_change(STORED, ("seq",), lambda new: {"owner": new.owner, "body": new.body})


class Entry(NamedTuple):
    """A message to be found: its number, whose it is, and what it says."""

    seq: int
    owner: str
    text: str


class Flavour(NamedTuple):
    """What one database needs.

    `add`      the statement that stores entries, in place of those that are there
    `entry`    one of them
    `query`    what is looked for, of an owner and folded words: the last may go on
    `hits`     messages, the newest first
    `holding`  the ids of the conversations of the newest messages
    """

    add: Callable[[Connection], Executable]
    entry: Callable[[Entry], dict[str, Any]]
    query: Callable[[str, Sequence[str]], str]
    hits: Select[*tuple[Any, ...]]
    holding: Select[*tuple[Any, ...]]


def index(tx: Connection, entries: Sequence[Entry]) -> None:
    """Let these messages be found; called once they are complete."""
    flavour = FLAVOURS[tx.dialect.name]
    tx.execute(flavour.add(tx), [flavour.entry(entry) for entry in entries])


def messages_with(tx: Connection, owner: str, query: str, before: int | None, limit: int) -> Hits:
    """Messages of this owner that hold all the words, the newest first; see `Reader.search`."""
    wanted = words(query)
    if not wanted:
        return Hits((), None)
    flavour = FLAVOURS[tx.dialect.name]
    given = {
        "owner": owner, "query": flavour.query(owner, wanted),
        "before": LAST if before is None else before, "limit": limit + 1,
    }  # fmt: skip
    rows = tx.execute(flavour.hits, given).all()
    items = [
        Hit(row.conversation_id, row.title, row.id, row.role, row.created_at, *part)
        for row in rows[:limit]
        for part in (snippet(row.content, wanted),)
    ]
    return Hits(tuple(items), rows[limit - 1].seq if len(rows) > limit else None)


def conversations_with(tx: Connection, owner: str, wanted: Sequence[str]) -> frozenset[str]:
    """The ids of the conversations in which somebody has said these folded words lately."""
    flavour = FLAVOURS[tx.dialect.name]
    given = {"owner": owner, "query": flavour.query(owner, wanted), "limit": NEWEST}
    return frozenset(tx.execute(flavour.holding, given).scalars())


def _hits(found: Table, key: Column[Any], fits: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            messages.c.seq,
            messages.c.id,
            messages.c.conversation_id,
            messages.c.role,
            messages.c.created_at,
            messages.c.content,
            conversations.c.title,
        )
        .select_from(
            found.join(messages, messages.c.seq == key).join(
                conversations, conversations.c.id == messages.c.conversation_id
            )
        )
        .where(
            fits,
            key < bindparam("before"),
            conversations.c.user_id == bindparam("owner"),
            conversations.c.kind == KIND,
            conversations.c.deleted_at.is_(None),
        )
        .order_by(key.desc())
        .limit(bindparam("limit"))
    )


def _holding(key: Column[Any], fits: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    newest = select(key.label("seq")).where(fits).order_by(key.desc()).limit(bindparam("limit"))
    seqs = newest.subquery()
    return (
        select(messages.c.conversation_id)
        .distinct()
        .select_from(seqs.join(messages, messages.c.seq == seqs.c.seq))
    )


def _insert(_: Connection) -> Executable:
    return INSERT


def _sqlite_entry(entry: Entry) -> dict[str, Any]:
    return {"rowid": entry.seq, "owner": _word_of(entry.owner), "body": fold(entry.text)}


def _postgres_entry(entry: Entry) -> dict[str, Any]:
    body = f"{_word_of(entry.owner)} {fold(entry.text)}"
    return {"seq": entry.seq, "owner": entry.owner, "body": body}


def _sqlite_query(owner: str, wanted: Sequence[str]) -> str:
    said = " AND ".join(f'"{word}"' for word in wanted)
    star = " *" if len(wanted[-1]) >= BEGINNING else ""
    return f'owner : "{_word_of(owner)}" AND body : ({said}{star})'


def _postgres_query(owner: str, wanted: Sequence[str]) -> str:
    star = ":*" if len(wanted[-1]) >= BEGINNING else ""
    return " & ".join(f"'{word}'" for word in (_word_of(owner), *wanted)) + star


def _word_of(owner: str) -> str:
    """A user's id as a single word of letters, which nobody else's is, and which no text holds."""
    return owner.replace("-", "").lower().translate(LETTERS)


IN_VIRTUAL = literal_column("message_search", Text).op("MATCH", is_comparison=True)(
    bindparam("query", type_=Text)
)
IN_STORED = and_(
    literal_column("vector", Text).op("@@", is_comparison=True)(
        cast(cast(bindparam("query", type_=Text), Text), TSQUERY)
    ),
    STORED.c.owner == bindparam("owner"),
)

FLAVOURS = {
    "sqlite": Flavour(
        _insert,
        _sqlite_entry,
        _sqlite_query,
        _hits(VIRTUAL, VIRTUAL.c.rowid, IN_VIRTUAL),
        _holding(VIRTUAL.c.rowid, IN_VIRTUAL),
    ),
    "postgresql": Flavour(
        REPLACE.on,
        _postgres_entry,
        _postgres_query,
        _hits(STORED, STORED.c.seq, IN_STORED),
        _holding(STORED.c.seq, IN_STORED),
    ),
}
