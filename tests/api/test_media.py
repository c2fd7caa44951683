"""Files over HTTP: forms as they come, headers of what goes out, errors in the right words."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig

from sluice.api.media import media
from sluice.core.commands import Principal
from sluice.core.errors import Unauthorized
from sluice.transports.asgi import VISIT, App, Message, Receive, Scope, Send, Visit, header
from sluice.transports.router import Router
from tests.services.shelves import MEASURE, PNG, Shelf, people_at

CAT = PNG + b"cat" * 100_000
HASH = hashlib.sha256(CAT).hexdigest()
FORM = "multipart/form-data; boundary=x"


class Server:
    """The resource by itself. Who asks is told by a header, in place of the server's gate."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        handlers = media(shelf.library, MEASURE.file, 60.0)
        self.litestar = Litestar(
            handlers,
            openapi_config=OpenAPIConfig("Media", "1"),
            logging_config=None,
            request_max_body_size=1000,
        )
        app: Any = self.litestar
        self.app: App = Router([], app, {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        user = header(scope, b"x-user")
        found = Unauthorized() if user == "nobody" else Principal(user, user or "")
        scope[VISIT] = Visit(found, [])
        await self.app(scope, receive, send)

    def client(self, user: str = "ann") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self)
        return httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"X-User": user}
        )


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with people_at(tmp_path) as database:
        yield Server(Shelf(database, tmp_path / "media"))


@pytest.fixture
async def ann(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client() as client:
        yield client


async def upload(client: httpx.AsyncClient, data: bytes = CAT, name: str = "cat.png") -> Any:
    answer = await client.post("/api/media", files={"file": (name, data)})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_uploaded_file_is_told_of_in_compact_json(
    server: Server, ann: httpx.AsyncClient
) -> None:
    answer = await ann.post("/api/media", files={"file": ("cat.txt", CAT, "text/html")})
    id = answer.json()["id"]
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    assert answer.text == (
        f'{{"id":"{id}","url":"/api/media/{id}","content_type":"image/png",'
        f'"size":{len(CAT)},"sha256":"{HASH}"}}'
    )
    assert server.shelf.files() == [id, f"{id}.prompt"]


async def test_a_picture_comes_back_as_it_was_with_headers_that_keep_it_harmless(
    ann: httpx.AsyncClient,
) -> None:
    file = await upload(ann, name='mèo "x".png')
    answer = await ann.get(file["url"])
    assert (answer.status_code, answer.content) == (200, CAT)
    assert dict(answer.headers) == {
        "content-type": "image/png",
        "content-length": str(len(CAT)),
        "content-disposition": "inline; filename*=UTF-8''m%C3%A8o%20%22x%22.png",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, max-age=31536000, immutable",
        "etag": f'"{HASH}"',
    }


async def test_what_is_no_picture_is_saved_rather_than_shown(ann: httpx.AsyncClient) -> None:
    file = await upload(ann, b"<script>alert(1)</script>", "page.html")
    answer = await ann.get(file["url"])
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''page.html"


TAGS = {f'"{HASH}"': 304, f'W/"{HASH}"': 304, f'"a", "{HASH}"': 304, "*": 304, '"a"': 200}


@pytest.mark.parametrize(("tags", "status"), TAGS.items())
async def test_who_has_a_file_already_is_not_sent_it_again(
    ann: httpx.AsyncClient, tags: str, status: int
) -> None:
    file = await upload(ann)
    answer = await ann.get(file["url"], headers={"If-None-Match": tags})
    assert (answer.status_code, answer.headers["etag"]) == (status, f'"{HASH}"')
    assert answer.content == (b"" if status == 304 else CAT)


async def test_a_deleted_file_is_gone(server: Server, ann: httpx.AsyncClient) -> None:
    file = await upload(ann)
    answer = await ann.delete(file["url"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await ann.get(file["url"])).status_code == 404
    assert (await ann.delete(file["url"])).status_code == 404
    assert server.shelf.files() == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("id", ["nobody", "x" * 300, "%00", "mèo"])
async def test_a_file_that_is_not_there_is_not_found(
    ann: httpx.AsyncClient, method: str, id: str
) -> None:
    answer = await ann.request(method, f"/api/media/{id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_anothers_file_is_not_there(server: Server, ann: httpx.AsyncClient) -> None:
    file = await upload(ann)
    async with server.client("bob") as bob:
        assert (await bob.get(file["url"])).status_code == 404
        assert (await bob.delete(file["url"])).status_code == 404
    assert (await ann.get(file["url"])).status_code == 200


@pytest.mark.parametrize("user", ["", "nobody"])
async def test_files_are_for_who_is_signed_in(server: Server, user: str) -> None:
    async with server.client(user) as stranger:
        answers = [
            await stranger.post("/api/media", files={"file": ("cat.png", CAT)}),
            await stranger.get("/api/media/x"),
            await stranger.delete("/api/media/x"),
        ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json() == {"detail": "Sign in first.", "code": "unauthorized"}
        assert answer.headers["www-authenticate"] == "Bearer"


def part(data: bytes, name: str = "file", more: bytes = b"") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n'
    return head.encode() + more + b"\r\n" + data + b"\r\n"


END = b"--x--\r\n"
BAD_FORMS: dict[str, tuple[str, bytes]] = {
    "no boundary": ("multipart/form-data", part(CAT) + END),
    "a long boundary": ("multipart/form-data; boundary=" + "x" * 71, b""),
    "nothing": (FORM, b""),
    "no part": (FORM, END),
    "another name": (FORM, part(CAT, "files") + END),
    "two files": (FORM, part(CAT) + part(CAT) + END),
    "a field beside": (FORM, part(CAT) + part(b"1", "title") + END),
    "cut off": (FORM, part(CAT)[:-100]),
    "no end": (FORM, part(CAT)),
    "no head": (FORM, b"--x\r\nnonsense\r\n\r\n" + END),
    "a long head": (FORM, b"--x\r\n" + b"a" * 9000),
    "many heads": (FORM, part(CAT, more=b"X: y\r\n" * 20) + END),
    "another length": (FORM, part(CAT, more=b"Content-Length: 5\r\n") + END),
    "an empty file": (FORM, part(b"") + END),
    "a malformed file": (FORM, part(b"%PDF") + END),
    "something else": (FORM, b"what is this"),
}


@pytest.mark.parametrize(("kind", "body"), BAD_FORMS.values(), ids=BAD_FORMS.keys())
async def test_a_bad_form_is_refused_and_leaves_nothing(
    server: Server, ann: httpx.AsyncClient, kind: str, body: bytes
) -> None:
    answer = await ann.post("/api/media", content=body, headers={"Content-Type": kind})
    found = answer.json()
    assert (answer.status_code, found["code"]) == (400, "invalid_request")
    assert [error["field"] for error in found["errors"]] == ["file"]
    assert server.shelf.files() == []


REFUSED: dict[str, tuple[str, bytes, int, str]] = {
    "no form": ("application/json", b"{}", 415, "unsupported_media_type"),
    "no type": ("", b"{}", 415, "unsupported_media_type"),
    "another kind of file": (FORM, part(b"MZ\0\0") + END, 415, "unsupported_media_type"),
    "a large file": (FORM, part(bytes(MEASURE.file + 1)) + END, 413, "payload_too_large"),
    "a long preamble": (FORM, b"y" * (2 * MEASURE.file), 413, "payload_too_large"),
}


@pytest.mark.parametrize(("kind", "body", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_taken_is_refused_with_its_code(
    server: Server, ann: httpx.AsyncClient, kind: str, body: bytes, status: int, code: str
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    answer = await ann.post("/api/media", content=pieces(), headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(answer.json()) == ["detail", "code"]
    assert server.shelf.files() == []


@pytest.mark.parametrize("size", [1, 7, 1000, 70_000])
async def test_a_form_may_be_cut_anywhere(ann: httpx.AsyncClient, size: int) -> None:
    data = PNG + b"\r\n--" + b"\r\n--x" * 3 + b"\r-\r\n-" * 50
    body = b"\r\n".join([b"--xyz", b'Content-Disposition: form-data; name="file"', b"", data])
    body += b"\r\n--xyz--\r\n"

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    about = {"Content-Type": 'multipart/form-data; boundary="xyz"'}
    answer = await ann.post("/api/media", content=pieces(), headers=about)
    assert answer.json()["sha256"] == hashlib.sha256(data).hexdigest()


class Wire:
    """One request to an application, message by message."""

    def __init__(self, server: Server, method: str, path: str, *headers: tuple[bytes, bytes]):
        self.coming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.taken = asyncio.Semaphore(0)  # messages that the client has taken
        self.room = asyncio.Semaphore(0)  # messages that the client takes
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"x-user", b"ann"), *headers],
            "client": ("127.0.0.1", 1),
            "extensions": {},
        }
        self.task = asyncio.create_task(server(scope, self.coming.get, self._send))

    async def _send(self, message: Message) -> None:
        await self.room.acquire()
        self.sent.append(message)
        self.taken.release()


async def test_of_a_file_whose_client_leaves_in_the_middle_nothing_remains(server: Server) -> None:
    wire = Wire(server, "POST", "/api/media", (b"content-type", FORM.encode()))
    wire.room.release()
    wire.room.release()
    body = part(CAT)
    wire.coming.put_nowait({"type": "http.request", "body": body[:-9], "more_body": True})
    wire.coming.put_nowait({"type": "http.disconnect"})
    await wire.task
    assert server.shelf.files() == []


async def test_a_form_that_says_it_is_too_large_is_not_waited_for(server: Server) -> None:
    length = (b"content-length", b"%d" % (2 * MEASURE.file))
    wire = Wire(server, "POST", "/api/media", (b"content-type", FORM.encode()), length)
    wire.room.release()
    wire.room.release()
    await wire.task
    assert wire.sent[0]["status"] == 413


async def test_a_download_waits_for_its_client_and_ends_when_that_leaves(
    server: Server, ann: httpx.AsyncClient
) -> None:
    file = await upload(ann, PNG + bytes(MEASURE.file - 100))
    wire = Wire(server, "GET", file["url"])
    wire.coming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    for _ in range(2):
        wire.room.release()
        await wire.taken.acquire()
    assert wire.sent[1]["more_body"]
    assert len(wire.sent[1]["body"]) < MEASURE.file / 2
    wire.coming.put_nowait({"type": "http.disconnect"})
    wire.room.release()
    await wire.task
    assert sum(len(message.get("body", b"")) for message in wire.sent) < MEASURE.file


async def test_the_bytes_of_a_row_may_be_missing(server: Server, ann: httpx.AsyncClient) -> None:
    file = await upload(ann)
    await server.shelf.blobs.delete(file["id"])
    answer = await ann.get(file["url"])
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_user_may_have_so_much_and_no_more(server: Server, ann: httpx.AsyncClient) -> None:
    files = MEASURE.user // MEASURE.file
    full = PNG + bytes(MEASURE.file - len(PNG))
    for _ in range(files):
        last = await upload(ann, full)
    answer = await ann.post("/api/media", files={"file": ("cat.png", CAT)})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert len(server.shelf.files()) == 2 * files
    await ann.delete(last["url"])
    await upload(ann)


def test_what_is_taken_and_given_is_documented(server: Server) -> None:
    paths = server.litestar.openapi_schema.to_schema()["paths"]
    assert {(path, method) for path, found in paths.items() for method in found} == {
        ("/api/media", "post"),
        ("/api/media/{media_id}", "get"),
        ("/api/media/{media_id}", "delete"),
    }
    post = paths["/api/media"]["post"]
    form = post["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    assert set(post["responses"]) == {"201", *map(str, (400, 401, 403, 413, 415, 429, 500, 503))}
