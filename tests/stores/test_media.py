"""Rows of files: whose they are, how much they may be, what carries them, what is left of them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, delete

from sluice.core.errors import NotFound, PayloadTooLarge, Unauthorized
from sluice.services.conversations.shapes import Since
from sluice.services.media.ports import Item
from sluice.stores.sql.database import Database
from sluice.stores.sql.media import SqlCatalogue, SqlDiscards, attach, attached
from sluice.stores.sql.schema import messages, users
from tests.stores.rows import NOON, add_conversation, add_message, add_user

LATE = timedelta(hours=2)
LATER = NOON + LATE
MOST = 1000


def item(
    id: str, owner: str = "ann", size: int = 10, name: str = "cat.png", at: datetime = NOON
) -> Item:
    return Item(id, owner, "image/png", size, "ab" * 32, name, at, "image/webp")


async def with_users(database: Database, *names: str) -> tuple[SqlCatalogue, SqlDiscards]:
    for name in names or ("ann", "bob"):
        await database.write(add_user(name))
    return SqlCatalogue(database), SqlDiscards(database)


async def with_messages(database: Database, *ids: str) -> None:
    await database.write(add_conversation("talk", "ann"))
    for id in ids:
        await database.write(add_message(id, "talk", "look"))


def attaching(message: str, *ids: str) -> Callable[[Connection], None]:
    return lambda tx: attach(tx, message, ids)


def carried(*messages: str) -> Callable[[Connection], dict[str, tuple[str, ...]]]:
    return lambda tx: attached(tx, messages)


async def test_what_was_added_is_found_in_the_order_asked_for(database: Database) -> None:
    files, _ = await with_users(database)
    odd = item("two", name="NUL \0, \x1a, 😀, 'quotes'.png")
    await files.add(item("one"), MOST)
    await files.add(odd, MOST)
    assert await files.find("ann", ["two", "one", "two"]) == (odd, item("one"), odd)
    assert await files.find("ann", []) == ()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 9])
async def test_files_are_listed_newest_first_page_by_page(database: Database, limit: int) -> None:
    files, _ = await with_users(database)
    # Three of one moment, one before and one after it.
    for id, at in (("d", NOON), ("b", LATER), ("a", NOON), ("c", NOON), ("e", NOON - LATE)):
        await files.add(item(id, at=at), MOST)
    await files.add(item("bobs", "bob"), MOST)
    found: list[Item] = []
    after: Since | None = None
    while True:
        page = await files.list("ann", limit, after)
        assert len(page.items) <= limit
        found += page.items
        if page.next is None:
            break
        after = page.next
    assert [one.id for one in found] == ["b", "d", "c", "a", "e"]
    assert found[0] == item("b", at=LATER)
    assert (await files.list("nobody", limit, None)) == ((), None)


@pytest.mark.parametrize("ids", [["nobody"], ["one", "nobody"], ["bobs"], ["one", "bobs"]])
async def test_what_is_anothers_or_nobodys_is_not_there(database: Database, ids: list[str]) -> None:
    files, _ = await with_users(database)
    await files.add(item("one"), MOST)
    await files.add(item("bobs", "bob"), MOST)
    with pytest.raises(NotFound):
        await files.find("ann", ids)


async def test_all_files_of_a_user_have_a_limit_which_is_nobody_elses(database: Database) -> None:
    files, _ = await with_users(database)
    await files.add(item("one", size=600), MOST)
    await files.add(item("bobs", "bob", size=600), MOST)
    with pytest.raises(PayloadTooLarge):
        await files.add(item("two", size=401), MOST)
    await files.add(item("three", size=400), MOST)
    await files.remove("ann", "one")
    await files.add(item("four", size=600), MOST)


async def test_files_that_come_side_by_side_do_not_pass_the_limit_together(
    database: Database,
) -> None:
    files, _ = await with_users(database)
    coming = [files.add(item(f"file-{n}", size=300), MOST) for n in range(8)]
    ends = await asyncio.gather(*coming, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["NoneType"] * 3 + ["PayloadTooLarge"] * 5


async def test_a_user_who_is_gone_can_add_nothing(database: Database) -> None:
    files, _ = await with_users(database)
    with pytest.raises(Unauthorized):
        await files.add(item("one", "nobody"), MOST)


@pytest.mark.parametrize(("owner", "id"), [("ann", "nobody"), ("bob", "one")])
async def test_only_what_is_ones_own_can_be_removed(
    database: Database, owner: str, id: str
) -> None:
    files, _ = await with_users(database)
    await files.add(item("one"), MOST)
    with pytest.raises(NotFound):
        await files.remove(owner, id)
    assert await files.find("ann", ["one"]) == (item("one"),)


async def test_bytes_that_were_expected_are_discarded_unless_their_row_has_come(
    database: Database,
) -> None:
    files, discards = await with_users(database)
    for id in ("came", "never-came", "just-now"):
        await discards.expect(id, LATER if id == "just-now" else NOON)
    await files.add(item("came"), MOST)
    assert await discards.discarded(NOON, 10) == []
    assert await discards.discarded(LATER, 10) == ["never-came"]
    await discards.forget(["never-came"])
    assert await discards.discarded(LATER, 10) == []


async def test_a_row_that_is_refused_leaves_its_bytes_expected(database: Database) -> None:
    files, discards = await with_users(database)
    await discards.expect("one", NOON)
    with pytest.raises(PayloadTooLarge):
        await files.add(item("one", size=MOST + 1), MOST)
    assert await discards.discarded(LATER, 10) == ["one"]


async def test_bytes_of_removed_files_are_discarded_at_once(database: Database) -> None:
    files, discards = await with_users(database)
    await discards.expect("one", NOON)
    await files.add(item("one"), MOST)
    await files.remove("ann", "one")
    assert await discards.discarded(NOON, 10) == ["one"]


async def test_the_files_of_a_user_who_goes_are_discarded_so_many_at_a_time(
    database: Database,
) -> None:
    files, discards = await with_users(database)
    for id in ("one", "two", "three"):
        await files.add(item(id), MOST)
    await files.add(item("bobs", "bob"), MOST)
    leave = delete(users).where(users.c.id == "ann")
    await database.write(lambda tx: tx.execute(leave).close())
    found = await discards.discarded(NOON, 2)
    assert len(found) == 2
    await discards.forget(found)
    assert {*found, *await discards.discarded(NOON, 2)} == {"one", "two", "three"}


async def test_messages_carry_files_in_their_order(database: Database) -> None:
    files, _ = await with_users(database)
    await with_messages(database, "m1", "m2", "m3")
    for id in ("one", "two"):
        await files.add(item(id), MOST)
    await database.write(attaching("m1", "two", "one", "two"))
    await database.write(attaching("m2", "one"))
    await database.write(attaching("m3"))
    assert await database.read(carried("m1", "m2", "m3", "nobody")) == {
        "m1": ("two", "one", "two"),
        "m2": ("one",),
    }
    assert await database.read(carried()) == {}


async def test_a_file_that_is_gone_cannot_be_attached(database: Database) -> None:
    files, _ = await with_users(database)
    await with_messages(database, "m1")
    await files.add(item("one"), MOST)
    with pytest.raises(NotFound):
        await database.write(attaching("m1", "one", "gone"))
    assert await database.read(carried("m1")) == {}


async def test_a_message_carries_no_more_what_has_been_removed(database: Database) -> None:
    files, _ = await with_users(database)
    await with_messages(database, "m1")
    for id in ("one", "two"):
        await files.add(item(id), MOST)
    await database.write(attaching("m1", "one", "two"))
    await files.remove("ann", "one")
    assert await database.read(carried("m1")) == {"m1": ("two",)}


async def test_a_file_outlives_the_messages_that_carry_it(database: Database) -> None:
    files, _ = await with_users(database)
    await with_messages(database, "m1")
    await files.add(item("one"), MOST)
    await database.write(attaching("m1", "one"))
    await database.write(lambda tx: tx.execute(delete(messages)).close())
    assert await database.read(carried("m1")) == {}
    assert await files.find("ann", ["one"]) == (item("one"),)
