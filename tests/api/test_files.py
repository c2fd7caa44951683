"""One's files as a list, over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig

from sluice.api.errors import bug, ours, theirs
from sluice.api.files import files
from sluice.core.commands import Principal
from sluice.core.errors import SluiceError
from sluice.transports.asgi import VISIT, Receive, Scope, Send, Visit, header
from tests.services.shelves import PNG, Shelf, people_at, pieces

PATH = "/api/v1/media"


class Server:
    """The resource by itself. Who asks is told by a header, in place of the server's gate."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.app: Any = Litestar(
            [files(shelf.library)],
            openapi_config=OpenAPIConfig("Files", "1"),
            exception_handlers={SluiceError: ours, HTTPException: theirs, Exception: bug},
            logging_config=None,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        user = header(scope, b"x-user")
        scope[VISIT] = Visit(Principal(user, user or ""), [])
        await self.app(scope, receive, send)

    async def ask(self, query: str = "", user: str = "ann") -> httpx.Response:
        transport = httpx.ASGITransport(self)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(f"{PATH}{query}", headers={"X-User": user} if user else {})

    async def add(self, *names: str, owner: str = "ann") -> None:
        """Take files in, a minute after each other."""
        for name in names:
            await self.shelf.library.upload(owner, name, pieces(PNG + name.encode()))
            self.shelf.now += timedelta(minutes=1)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with people_at(tmp_path) as database:
        yield Server(Shelf(database, tmp_path / "media"))


async def test_a_file_is_shown_with_all_that_its_owner_may_want_to_know(server: Server):
    await server.add("../../mèo.png")
    answer = await server.ask()
    (item,) = answer.json()["items"]

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    (stored,) = await server.shelf.library.find("ann", [item["id"]])
    assert item == {
        "id": stored.id,
        "url": f"/api/media/{stored.id}",
        "content_type": "image/png",
        "size": stored.size,
        "sha256": stored.sha256,
        "name": "mèo.png",
        "created_at": "2026-11-21T12:00:00Z",
    }


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
async def test_files_come_in_pages_the_newest_first(server: Server, limit: int):
    await server.add(*"abcde")
    found: list[str] = []
    query = f"?limit={limit}"
    while True:
        page = (await server.ask(query)).json()
        found.append("".join(one["name"] for one in page["items"]))
        if page["next_cursor"] is None:
            break
        query = f"?limit={limit}&cursor={page['next_cursor']}"
    assert "".join(found) == "edcba"
    assert all(len(page) == limit for page in found[:-1])


async def test_another_sees_none_of_them(server: Server):
    await server.add("a", "b")
    cursor = (await server.ask("?limit=1")).json()["next_cursor"]
    for query in ("", f"?cursor={cursor}"):
        assert (await server.ask(query, "bob")).json() == {"items": [], "next_cursor": None}


async def test_a_stranger_is_asked_to_sign_in(server: Server):
    answer = await server.ask(user="")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?cursor=x", "cursor"),
        ("?cursor=", "cursor"),
    ],
)
async def test_a_query_that_makes_no_sense_names_the_parameter(
    server: Server, query: str, field: str
):
    answer = await server.ask(query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["detail"].startswith(field)


def test_it_is_documented(server: Server):
    found = server.app.openapi_schema.to_schema()["paths"][PATH]["get"]
    assert {one["name"] for one in found["parameters"]} == {"limit", "cursor"}
    assert {"200", "401", "422", "500", "503"} <= found["responses"].keys()
