"""The start transaction of a run."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert

from sluice.core.commands import Place, Thread
from sluice.core.errors import InsufficientPoints, InvalidRequest, NotFound, RateLimited
from sluice.core.messages import Message
from sluice.services.archive import Opened, Opening
from sluice.services.chat import BYTES_A_TOKEN
from sluice.services.points import POINTS
from sluice.stores.sql.reservations import reserve
from sluice.stores.sql.runs.branches import rewind
from sluice.stores.sql.runs.carrying import carry
from sluice.stores.sql.runs.claims import claim
from sluice.stores.sql.runs.context import FRAME, UNBOUNDED, Past, read_past
from sluice.stores.sql.runs.settling import NAME
from sluice.stores.sql.runs.threads import Entered, correct, enter
from sluice.stores.sql.schema import messages, runs
from sluice.stores.sql.upsert import insert_unless_there

SAY = insert(messages)
BEGIN = insert_unless_there(runs, "id")

NewId = Callable[[], str]


class Turn(NamedTuple):
    """What a run is asked, and where its answer belongs. `size` is bytes."""

    context: tuple[Message, ...]
    size: int
    place: Place | None = None
    media: Mapping[int, tuple[str, ...]] = MappingProxyType({})
    dropped: int = 0


def open_run(tx: Connection, opening: Opening, new_id: NewId) -> Opened:
    """Store a run's beginning. See `Archive.open`."""
    now = datetime.fromtimestamp(opening.wall, UTC)
    if opening.once is not None and opening.owner is not None:
        instead = claim(tx, opening.owner, opening.once, opening.id, now)
        if instead is not None:
            return Opened(instead=instead)
    if opening.thread is None:
        turn = Turn(opening.messages, _size_of(opening.messages))
    else:
        turn = _take_turn(tx, opening, opening.thread, now, new_id)
    if tx.execute(BEGIN.on(tx), _row(opening, turn, now)).rowcount:
        asked = _size_of(opening.messages)
        _hold(tx, opening, turn.size - asked, now)  # what has ended by now holds nothing more
    return Opened(turn.context, turn.place, media=turn.media, dropped=turn.dropped)


def _hold(tx: Connection, opening: Opening, context: int, now: datetime) -> None:
    """Reserve what it may take; `context` is bytes of which it is reminded."""
    if opening.owner is None:
        return
    for hold in opening.holds:
        if reserve(tx, hold, context // BYTES_A_TOKEN, opening.id, opening.owner):
            continue
        if hold.unit == POINTS:
            raise InsufficientPoints
        raise RateLimited("Today's budget is used up.", retry_after=_rest_of_day(now))


def _take_turn(
    tx: Connection, opening: Opening, thread: Thread, now: datetime, new_id: NewId
) -> Turn:
    """Find the place in its conversation, and put down what is asked and the reply to come.

    Of what is asked the last message is stored: what stands before it is the context's business.
    """
    question = opening.messages[-1] if opening.messages else None
    entered = enter(tx, opening, now, new_id)
    past = _past(tx, entered, opening, thread)
    place = Place(entered.id, new_id(), entered.name, new=entered.made)
    rows = _rows(opening, place, past, question, now, new_id)
    tx.execute(SAY, rows)
    correct(tx, entered, rows[-1]["depth"])
    media = carry(tx, opening, past, None if question is None else rows[0]["id"])
    size = past.size + _size_of(opening.messages) + (opening.spared if past.dropped else 0)
    return Turn(past.messages + opening.messages, size, place, media, past.dropped)


def _past(tx: Connection, entered: Entered, opening: Opening, thread: Thread) -> Past:
    worded, below = bool(opening.messages), UNBOUNDED
    if thread.again is not None:
        if entered.made:
            raise NotFound("There is no such message in this conversation.")
        below = rewind(tx, entered.id, thread.again, worded=worded)
    elif not worded:
        raise InvalidRequest("A message is missing.", field="message")
    elif entered.made:
        return Past()
    room, most, spared = opening.room, opening.most, opening.spared
    return read_past(tx, entered.id, below, room, most, anew=not worded, spared=spared)


def _rows(
    opening: Opening,
    place: Place,
    past: Past,
    question: Message | None,
    now: datetime,
    new_id: NewId,
) -> list[dict[str, Any]]:
    """The question, where there is one to be put down, and the reply."""
    shared: dict[str, Any] = {
        "conversation_id": place.conversation, "shown": True, "created_at": now,
        "run_id": opening.id,
    }  # fmt: skip
    parent, depth, rows = past.leaf, past.depth, list[dict[str, Any]]()
    if question is not None:
        asked = {
            "id": new_id(), "parent_id": parent, "depth": depth + 1, "role": "user",
            "content": question.text, "size": _bytes(question.text), "status": "complete",
            "ended_at": now, "model": None, **shared,
        }  # fmt: skip
        rows.append(asked)
        parent, depth = asked["id"], depth + 1
    reply = {
        "id": place.message, "parent_id": parent, "depth": depth + 1, "role": "assistant",
        "content": "", "size": 0, "status": "streaming", "ended_at": None,
        "model": opening.model[:NAME], **shared,
    }  # fmt: skip
    return [*rows, reply]


def _row(opening: Opening, turn: Turn, now: datetime) -> dict[str, Any]:
    """The run's row. `input_tokens` is a guess, for the books of a run that a crash ends."""
    place = turn.place
    return {
        "id": opening.id, "user_id": opening.owner, "server": opening.server,
        "conversation_id": None if place is None else place.conversation,
        "message_id": None if place is None else place.message,
        "dialect": opening.dialect, "asked": opening.model[:NAME], "model": opening.model[:NAME],
        "status": "running", "input_tokens": turn.size // BYTES_A_TOKEN, "output_tokens": 0,
        "reasoning_tokens": 0, "estimated": True, "cost": 0.0, "started_at": now,
        "text_length": 0,
    }  # fmt: skip


def _size_of(said: Sequence[Message]) -> int:
    return sum(_bytes(message.text) + FRAME for message in said)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _rest_of_day(now: datetime) -> float:
    """Seconds until the next day begins in UTC, which is when budgets are new."""
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return (tomorrow - now).total_seconds()
