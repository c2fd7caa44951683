"""Interactions are conversations of another kind: in the same tables, and found by a context."""

from functools import partial

import pytest
from sqlalchemy import select

from sluice.core.commands import Place, Thread
from sluice.core.errors import NotFound
from sluice.services.accounts.books import NewUser
from sluice.stores.sql.accounts.users import SqlUsers
from sluice.stores.sql.database import Database
from sluice.stores.sql.identities import SqlIdentities
from sluice.stores.sql.points import SqlPoints
from sluice.stores.sql.schema import point_entries
from sluice.stores.sql.search import conversations_with, messages_with
from tests.stores.rows import NOON, add_user
from tests.stores.telling import Teller

ASSISTANT = Thread("interactions")


@pytest.fixture
async def teller(database: Database) -> Teller:
    await database.write(add_user("ann"))
    return Teller(database)


async def test_the_first_message_makes_it_and_the_next_finds_it(teller: Teller) -> None:
    first = await teller.turn("Where are apples?", "Here.", thread=ASSISTANT)
    again = Thread("interactions", first.conversation)
    second = await teller.turn("And pears?", "There.", thread=again)

    assert (first.new, second) == (True, Place(first.conversation, second.message))


async def test_it_is_none_of_another_kind(teller: Teller) -> None:
    place = await teller.turn("Where are apples?", "Here.", thread=ASSISTANT)
    with pytest.raises(NotFound):
        await teller.open(thread=Thread("conversations", place.conversation))


async def test_it_is_found_for_a_context_and_not_shown_by_a_search(teller: Teller) -> None:
    place = await teller.turn("Where are apples?", "Here are pears.", thread=ASSISTANT)

    for word in ("apples", "pears"):
        holding = partial(conversations_with, owner="ann", wanted=[word])
        assert await teller.database.read(holding) == {place.conversation}
        hits = partial(messages_with, owner="ann", query=word, before=None, limit=10)
        assert (await teller.database.read(hits)).items == ()


async def lines(database: Database) -> list[tuple[str, int, str]]:
    table = point_entries.c
    wanted = select(table.user_id, table.amount, table.note)
    return await database.read(lambda tx: [tuple(row) for row in tx.execute(wanted)])


async def test_who_registers_begins_with_points(database: Database) -> None:
    users = SqlUsers(database, 1000)
    await users.add(NewUser("u1", "bob", "bob@example.com", "hash", NOON), None)

    assert await lines(database) == [("u1", 1000, "registration")]
    assert await SqlPoints(database).balance("u1") == 1000


async def test_who_is_known_elsewhere_begins_with_points_once(database: Database) -> None:
    identities = SqlIdentities(database, lambda: "u1", 70)
    for _ in range(2):
        await identities.external("https://issuer", "bob", "bob", None, NOON)

    assert await lines(database) == [("u1", 70, "registration")]
    assert await SqlPoints(database).balance("u1") == 70


async def test_who_is_to_begin_with_none_has_no_line(database: Database) -> None:
    await SqlUsers(database).add(NewUser("u1", "bob", "bob@example.com", "hash", NOON), None)
    assert await lines(database) == []
