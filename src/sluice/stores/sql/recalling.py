"""Finds earlier turns by the words of a new one: a `Recollection` in SQL.

What a word tells is how rare it is. Each of the message's words is looked up by itself, and no
further than to so many occurrences: a word as frequent as that tells next to nothing, and the
search is bounded however much there is to be found. (bm25 and ts_rank, the ranks that the databases
offer, weigh all that fits, and each in its own way: here both databases find the same.)
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from heapq import nlargest
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from sluice.services.recalling import Cue, Recalled
from sluice.stores.sql.database import Database
from sluice.stores.sql.folding import fold
from sluice.stores.sql.schema import conversations, messages
from sluice.stores.sql.search import IN_STORED, IN_VIRTUAL, INDEXED, LETTERS, STORED, VIRTUAL
from sluice.stores.sql.snippets import snippet
from sluice.stores.sql.types import AnyText

WORDS = 6  # of a message that are looked for, the longest
READ = 20_000  # characters of a message in which they are looked for
SHORTEST = 3  # letters of a word that tells something, in scripts that have letters
OCCURRENCES = 300  # of one word that are looked at
WINDOW = 2000  # messages of the context that are known not to be recalled
CANDIDATES = 64  # messages that are weighed
MOST = 8  # that are recalled
BAR = 0.3  # of what the best of them weighs; what weighs less has little to do with it
HERE = 2.0  # so much more weighs what was said in the same conversation
WHOLE = 600  # characters of a message that is recalled as a whole

# Longer than `SHORTEST`, and in nearly every message.
COMMON = """
about after again all also and any are because been before but can could did does doing don
for from give had has have her here him his how into its just know let like make may more
most much not now off one only other our out over please said same say she should some such
tell than that the their them then there these they this those too under use very was way
were what when where which while who why will with would you your yours
ban cac cai cho cua duoc khi khong mot nay nhu nhung toi trong
"""
UNTELLING = frozenset(COMMON.split())


def _occurrences(key: Any, fits: Any) -> Select[int]:
    return select(key).where(fits).limit(OCCURRENCES)


# Where a word has too many occurrences, any of them will do. The oldest are the likeliest to have
# been dropped, and are at hand.
HOLDING = {
    "sqlite": _occurrences(VIRTUAL.c.rowid, IN_VIRTUAL).order_by(VIRTUAL.c.rowid),
    "postgresql": _occurrences(STORED.c.seq, IN_STORED),
}
# PostgreSQL takes it for cheap to read messages one by one until enough of them fit, which it is
# not: their vectors are long. The index on words is to be used, whatever it thinks.
BY_WORDS = select(
    func.set_config("enable_seqscan", "off", True), func.set_config("enable_indexscan", "off", True)
)
QUERIES = {"sqlite": 'owner : "{}" AND body : "{}"', "postgresql": "'{}' & '{}'"}
IN_CONTEXT = (
    select(messages.c.seq)
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.depth > bindparam("dropped"),
    )
    .order_by(messages.c.depth.desc())
    .limit(WINDOW)
)
PRESENT = (
    select(messages.c.seq, messages.c.conversation_id)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .where(
        messages.c.seq.in_(bindparam("seqs", expanding=True)),
        messages.c.shown,
        conversations.c.user_id == bindparam("owner"),
        conversations.c.kind.in_(INDEXED),
        conversations.c.deleted_at.is_(None),
    )
)
TEXTS = select(
    messages.c.seq,
    messages.c.role,
    func.substr(messages.c.content, 1, READ, type_=AnyText()),
    messages.c.created_at,
).where(messages.c.seq.in_(bindparam("seqs", expanding=True)))


class SqlRecollection:
    """The turns of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recall(self, cue: Cue) -> Sequence[Recalled]:
        wanted = telling(cue.text)
        if not wanted:
            return ()
        return await self._database.read(lambda tx: recall(tx, cue, wanted))


def telling(text: str) -> list[str]:
    """The words by which a message is best known, folded: the longest."""
    words = dict.fromkeys(fold(text[:READ]).split())
    known = [word for word in words if _tells(word)]
    return sorted(known, key=len, reverse=True)[:WORDS]


def recall(tx: Connection, cue: Cue, wanted: Sequence[str]) -> list[Recalled]:
    """The turns that have most to do with these folded words, the best first."""
    weights = _weigh(tx, cue, wanted)
    seqs = nlargest(CANDIDATES, weights, key=lambda seq: (weights[seq], seq))
    present = tx.execute(PRESENT, {"seqs": seqs, "owner": cue.owner}).all()
    for row in present:
        weights[row.seq] *= HERE if row.conversation_id == cue.conversation else 1.0
    best = nlargest(MOST, [row.seq for row in present], key=lambda seq: (weights[seq], seq))
    best = [seq for seq in best if weights[seq] >= BAR * weights[best[0]]]
    texts = {row.seq: row for row in tx.execute(TEXTS, {"seqs": best})}
    return [
        Recalled(seq, role, _part(text, wanted), at)
        for seq, role, text, at in (texts[seq] for seq in best)
    ]


def _weigh(tx: Connection, cue: Cue, wanted: Sequence[str]) -> dict[int, float]:
    """What messages weigh that hold some of the words, and are not in the context."""
    name = tx.dialect.name
    here = {"conversation": cue.conversation, "dropped": cue.dropped}
    in_context = frozenset(tx.execute(IN_CONTEXT, here).scalars())
    # One word of letters stands for the owner, as `search.py` stores it.
    owner = cue.owner.replace("-", "").lower().translate(LETTERS)
    if name == "postgresql":
        tx.execute(BY_WORDS)
    weights: defaultdict[int, float] = defaultdict(float)
    for word in wanted:
        given = {"owner": cue.owner, "query": QUERIES[name].format(owner, word)}
        seqs = tx.execute(HOLDING[name], given).scalars().all()
        for seq in seqs:
            if seq not in in_context:
                weights[seq] += math.log(1 + OCCURRENCES / len(seqs))
    return weights


def _tells(word: str) -> bool:
    return word not in UNTELLING and (len(word) >= SHORTEST or not word.isascii())


def _part(text: str, wanted: Sequence[str]) -> str:
    return text if len(text) <= WHOLE else f"… {snippet(text, wanted).text} …"
