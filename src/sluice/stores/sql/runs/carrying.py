"""Which files go with which message of a run's context."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from sluice.core.messages import Image, Message
from sluice.services.archive import Opening
from sluice.services.media.ports import KINDS
from sluice.stores.sql.media import attach, attached
from sluice.stores.sql.runs.context import Past
from sluice.stores.sql.schema import media

TYPES = select(media.c.content_type, media.c.prompt_type).where(
    media.c.id.in_(bindparam("ids", expanding=True))
)

Carried = dict[int, tuple[str, ...]]


def carry(tx: Connection, opening: Opening, past: Past, question: str | None) -> Carried:
    """The files of the context, by the place of the message that carries them.

    Those of `question`, where one is asked with this run, are put down with it. Raises `NotFound`
    where one of them has been deleted, and `InvalidRequest` where a question has pictures already,
    and is put to a model that takes none.
    """
    found = attached(tx, list(past.carriers.values()))
    carried = {place: found[id] for place, id in past.carriers.items() if id in found}
    newest = len(past.messages) + len(opening.messages) - 1
    thread = opening.thread
    if question is not None and (files := _of_question(tx, opening)):
        attach(tx, question, files)
        carried[newest] = files
    if thread is not None and thread.again is not None and newest in carried:
        opening.fits([Message("user", "", _pictures(tx, carried[newest]))])
    return carried


def _of_question(tx: Connection, opening: Opening) -> tuple[str, ...]:
    """The files that go with what is asked: given now, or kept from what it takes the place of."""
    thread = opening.thread
    if thread is None or thread.again is None or not thread.keeps:
        return opening.media
    return attached(tx, [thread.again]).get(thread.again, ())


def _pictures(tx: Connection, ids: Sequence[str]) -> tuple[Image, ...]:
    """The pictures among files: what they are, not what they show."""
    rows = tx.execute(TYPES, {"ids": list(ids)})
    return tuple(
        [Image(row.prompt_type, b"") for row in rows if KINDS[row.content_type] == "image"]
    )
