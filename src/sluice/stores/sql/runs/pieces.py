"""What long answers have said so far: appended piece by piece, never written twice."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, exists, insert, select, update

from sluice.services.archive import Piece
from sluice.stores.sql.schema import checkpoints, runs

# A run may have ended, or have gone with its user, while its piece was on the way: it is left
# alone then, and the others' pieces are stored all the same.
REACH = update(runs).where(runs.c.id == bindparam("run"), runs.c.status == "running")
APPEND = insert(checkpoints).from_select(
    ["run_id", "piece"],
    select(
        bindparam("run", type_=checkpoints.c.run_id.type),
        bindparam("text", type_=checkpoints.c.piece.type),
    ).where(exists().where(runs.c.id == bindparam("run"), runs.c.status == "running")),
)


def append_pieces(tx: Connection, pieces: Sequence[Piece]) -> None:
    """Store them all. See `Archive.checkpoint`."""
    ordered = sorted(pieces, key=lambda piece: piece.run)  # locks are taken in one order
    tx.execute(REACH, [{"run": piece.run, "text_length": piece.text_length} for piece in ordered])
    if said := [{"run": piece.run, "text": piece.text} for piece in ordered if piece.text]:
        tx.execute(APPEND, said)
