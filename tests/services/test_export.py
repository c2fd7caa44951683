"""A conversation as a file: read page by page, and whole in the end."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sluice.services.conversations import reading as reading_of_conversations
from sluice.services.conversations.reading import Format, file_name
from sluice.services.conversations.shapes import Conversation
from sluice.services.media.ports import Item
from sluice.stores.sql.media import SqlCatalogue, attach
from tests.api.library import ALL, Library, library
from tests.stores.rows import NOON, add_message


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Library]:
    async with library(tmp_path) as found:
        yield found


async def written(local: Library, format: Format, title: str = "Bread") -> bytes:
    made = await local.keeping.create("ann", title)
    await local.say(made.id, "How?", "Like **this**.\n", "And \0 then?", "So")
    other = {"parent_id": "m3", "depth": 4, "shown": False, "status": "partial"}
    await local.database.write(add_message("other", made.id, "Or so", role="assistant", **other))
    file = await local.reading.export("ann", made.id, format)
    return b"".join([part async for part in file.content])


@pytest.mark.parametrize("page", [1, 2, 5, 500])
async def test_json_holds_every_branch(local: Library, page: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading_of_conversations, "EXPORT_PAGE", page)
    found: Any = msgspec.json.decode(await written(local, "json"))
    messages = found.pop("messages")

    assert found.keys() == {
        "id", "title", "created_at", "updated_at", "message_count", "active_run_id", "deleted_at",
    }  # fmt: skip
    assert [(one["id"], one["parent_id"], one["shown"]) for one in messages] == [
        ("m1", None, True),
        ("m2", "m1", True),
        ("m3", "m2", True),
        ("m4", "m3", True),
        ("other", "m3", False),
    ]
    assert messages[2]["content"] == "And \0 then?"


@pytest.mark.parametrize("page", [1, 3, 500])
async def test_markdown_holds_what_is_shown(
    local: Library, page: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading_of_conversations, "EXPORT_PAGE", page)
    at = "2026-11-21 12:00 UTC"
    assert (await written(local, "markdown", "Bread\nand more")).decode() == (
        f"# Bread and more\n"
        f"\n## You, {at}\n\nHow?\n"
        f"\n## Assistant, {at}\n\nLike **this**.\n\n"
        f"\n## You, {at}\n\nAnd \0 then?\n"
        f"\n## Assistant, {at}\n\nSo\n"
    )


async def test_markdown_names_the_model_and_says_what_was_cut_off(local: Library):
    made = await local.keeping.create("ann", "Bread")
    await local.say(made.id, "So", status="partial", role="assistant", model="demo")
    file = await local.reading.export("ann", made.id, "markdown")
    assert b"".join([part async for part in file.content]).decode() == (
        "# Bread\n\n## Assistant (demo), 2026-11-21 12:00 UTC\n\nSo\n\n*(cut off)*\n"
    )


async def with_files(local: Library, *names: str) -> str:
    """A conversation of one question and its reply, with files; its id."""
    files = SqlCatalogue(local.database)
    for n, name in enumerate(names):
        item = Item(f"f{n}", "ann", "text/plain", 7, "ab" * 32, name, NOON, "text/plain")
        await files.add(item, 1000)
    made = await local.keeping.create("ann", "Bread")
    await local.say(made.id, "How?", "So")
    ids = [f"f{n}" for n in range(len(names))]
    await local.database.write(lambda tx: attach(tx, "m1", ids))
    return made.id


async def test_json_tells_the_files_of_each_question(local: Library):
    file = await local.reading.export("ann", await with_files(local, "a_b.txt", ""), "json")
    found: Any = msgspec.json.decode(b"".join([part async for part in file.content]))
    assert [one["files"] for one in found["messages"]] == [
        [
            {"id": "f0", "name": "a_b.txt", "content_type": "text/plain"},
            {"id": "f1", "name": "", "content_type": "text/plain"},
        ],
        [],
    ]


async def test_markdown_names_the_files_beside_the_question(local: Library):
    id = await with_files(local, "a_b*.txt", "", "<b>[x](y)`&\\.txt")
    file = await local.reading.export("ann", id, "markdown")
    at = "2026-11-21 12:00 UTC"
    assert b"".join([part async for part in file.content]).decode() == (
        f"# Bread\n"
        f"\n## You, {at}\n\nHow?\n"
        f"\n*(with a\\_b\\*.txt, text/plain, \\<b\\>\\[x\\](y)\\`\\&\\\\.txt)*\n"
        f"\n## Assistant, {at}\n\nSo\n"
    )


async def test_a_conversation_in_which_nothing_was_said_is_a_file_too(local: Library):
    made = await local.keeping.create("ann", "Bread")
    for format, expected in (("json", b'"messages":[]}'), ("markdown", b"# Bread\n")):
        file = await local.reading.export("ann", made.id, format)
        assert b"".join([part async for part in file.content]).endswith(expected)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Bread", "Bread-c0ffee00.json"),
        ("Bánh mì & co.", "Banh-mi-co-c0ffee00.json"),
        ('../../etc/passwd"\r\nX: y', "etc-passwd-X-y-c0ffee00.json"),
        ("你好", "conversation-c0ffee00.json"),
        ("con", "con-c0ffee00.json"),
        ("x" * 200, "x" * 60 + "-c0ffee00.json"),
    ],
)
def test_a_file_has_a_name_that_any_system_can_hold(title: str, name: str):
    assert file_name(Conversation("c0ffee00-0001", title, NOON, NOON, 0), "json") == name


@pytest.mark.parametrize(
    ("query", "kind", "name"),
    [
        ("", "application/json", "Bread-c0ffee00.json"),
        ("?format=json", "application/json", "Bread-c0ffee00.json"),
        ("?format=markdown", "text/markdown; charset=utf-8", "Bread-c0ffee00.md"),
    ],
)
async def test_a_file_is_to_be_saved_and_kept_by_no_cache(
    local: Library, query: str, kind: str, name: str
):
    made = await local.keeping.create("ann", "Bread")
    async with local.client("ann") as ann:
        found = await ann.get(f"{ALL}/{made.id}/export{query}")
    assert found.status_code == 200
    assert found.headers["content-type"] == kind
    assert found.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert found.headers["cache-control"] == "no-store"
    assert b"Bread" in found.content
