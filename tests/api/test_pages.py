"""The pages as files: what is sent under which address, in which encoding, and when not again."""

import gzip
import re
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from sluice.api.pages import BUILT, FOREVER, PAGES, pages
from sluice.core.commands import Principal
from sluice.transports.asgi import VISIT, Receive, Scope, Send, Visit, respond
from sluice.transports.router import Router
from tests.conftest import Running

SHELL = '<link href="./favicon.svg"><script type="module" src="./assets/page-1.js"></script>'
FILES = {
    "docs.html": "<title>API</title>",
    "swagger/LICENSE": "Apache",
    "built/.sources": "a fingerprint",
    "built/index.html": SHELL,
    "built/index.html.br": "a shell in brotli",
    "built/index.html.gz": "a shell in gzip",
    "built/sluice.js": "export const stream = 1;",
    "built/sluice.js.br": "a client in brotli",
    "built/sluice.d.ts": "export declare const stream: number;",
    "built/favicon.svg": "<svg/>",
    "built/assets/page-1.js": "let page;",
    "built/assets/page-1.js.gz": "a page in gzip",
    "built/assets/face-1.woff2": "a font",
}
VIEWS = ("/", "/usage", "/settings", "/admin", "/playground")
ELSEWHERE = (b"access-control-allow-origin", b"http://localhost:3000")
LINK = re.compile(r'(?:href|src)="(?P<target>[^"]+)"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def client(folder: Path) -> httpx.AsyncClient:
    """Asks for the pages of this folder, as somebody from another, listed origin does."""

    async def rest(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 404, b"{}", scope[VISIT])

    router = Router(pages(folder), rest, {})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope[VISIT] = Visit(Principal(welcome=False), [ELSEWHERE])
        await router(scope, receive, send)

    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(
        transport=transport, base_url="http://page", headers={"accept-encoding": ""}
    )


async def raw(asking: httpx.AsyncClient, path: str, accept: str = "") -> tuple[str, bytes]:
    """The encoding and the bytes that are sent, as they are."""
    async with asking.stream("GET", path, headers={"accept-encoding": accept}) as answer:
        body = b"".join([piece async for piece in answer.aiter_raw()])
    assert int(answer.headers["content-length"]) == len(body)
    return answer.headers.get("content-encoding", ""), body


@pytest.mark.parametrize(
    ("accept", "encoding", "body"),
    [
        ("", "", SHELL),
        ("identity", "", SHELL),
        ("gzip", "gzip", "a shell in gzip"),
        ("gzip, deflate, br, zstd", "br", "a shell in brotli"),
        ("BR;q=0.1, gzip;q=1.0", "br", "a shell in brotli"),
        ("gzip, br;q=0", "gzip", "a shell in gzip"),
        ("br; q=0.000,gzip ; q = 0", "", SHELL),
        ("zstd, *", "", SHELL),
        (",;q=,", "", SHELL),
    ],
)
@pytest.mark.parametrize("path", VIEWS)
async def test_every_view_is_the_same_shell_in_an_encoding_that_is_taken(
    folder: Path, path: str, accept: str, encoding: str, body: str
):
    async with client(folder) as asking:
        assert await raw(asking, path, accept) == (encoding, body.encode())


async def test_a_conversations_address_is_a_level_deeper_and_so_are_its_links(folder: Path):
    deeper = SHELL.replace("./", "../")
    async with client(folder) as asking:
        encoding, body = await raw(asking, "/c/1", "br, gzip")
        assert (encoding, gzip.decompress(body).decode()) == ("gzip", deeper)
        assert (await raw(asking, "/c/1"))[1].decode() == deeper


@pytest.mark.parametrize(
    ("path", "kind", "kept"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/c/1", "text/html; charset=utf-8", "no-cache"),
        ("/docs", "text/html; charset=utf-8", "no-cache"),
        ("/sluice.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/sluice.d.ts", "text/plain; charset=utf-8", "no-cache"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
        ("/swagger/LICENSE", "text/plain; charset=utf-8", "no-cache"),
        ("/assets/page-1.js", "text/javascript; charset=utf-8", FOREVER),
        ("/assets/face-1.woff2", "font/woff2", FOREVER),
    ],
)
@pytest.mark.parametrize("accept", ["", "gzip", "br"])
async def test_what_is_known_is_not_sent_again(
    folder: Path, path: str, kind: str, kept: str, accept: str
):
    async with client(folder) as asking:
        taken = {"accept-encoding": accept}
        first = await asking.head(path, headers=taken)
        tag = first.headers["etag"]
        assert (first.status_code, first.content) == (200, b"")
        assert (first.headers["content-type"], first.headers["cache-control"]) == (kind, kept)
        assert first.headers["x-content-type-options"] == "nosniff"
        assert "Origin" in first.headers["vary"]
        for said in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await asking.get(path, headers={**taken, "if-none-match": said})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == kept
            assert "content-length" not in again.headers
            assert again.headers["access-control-allow-origin"] == ELSEWHERE[1].decode()
        other = await asking.head(path, headers={**taken, "if-none-match": '"other"'})
        assert (other.status_code, int(other.headers["content-length"]) > 0) == (200, True)


async def test_each_encoding_has_a_tag_of_its_own(folder: Path):
    async with client(folder) as asking:
        tags = [
            (await asking.head("/", headers={"accept-encoding": one})).headers["etag"]
            for one in ("", "gzip", "br")
        ]
    assert len(set(tags)) == 3


async def test_the_shell_lets_nothing_become_script_and_asks_for_no_device(folder: Path):
    async with client(folder) as asking:
        shells = [await asking.get(path) for path in (*VIEWS, "/c/1")]
    for shell in shells:
        policy = shell.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert shell.headers["cross-origin-opener-policy"] == "same-origin"
        assert shell.headers["referrer-policy"] == "no-referrer"
        assert "microphone=()" in shell.headers["permissions-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/page-2.js",
        "/assets/",
        "/assets",
        "/assets/page-1.js.gz",
        "/assets/..%2F..%2Fdocs.html",
        "/assets/%2e%2e/index.html",
        "/built/index.html",
        "/index.html",
        "/.sources",
        "/built/.sources",
        "/c/",
        "/c/1/2",
        "/usage/",
        "//etc/passwd",
    ],
)
async def test_what_is_in_no_table_is_nowhere(folder: Path, path: str):
    async with client(folder) as asking:
        url = httpx.URL("http://page").copy_with(raw_path=path.encode())
        assert (await asking.get(url)).status_code == 404


async def test_another_method_is_told_what_there_is(folder: Path):
    async with client(folder) as asking:
        refused = await asking.post("/usage")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_a_server_without_the_build_says_how_it_is_made(tmp_path: Path):
    (tmp_path / "docs.html").write_text("-")
    async with client(tmp_path) as asking:
        for path in (*VIEWS, "/c/1"):
            answer = await asking.get(path)
            assert (answer.status_code, "make serve" in answer.text) == (503, True)
            assert answer.headers["cache-control"] == "no-store"
            assert (await asking.head(path)).content == b""
        assert (await asking.get("/docs")).status_code == 200
        assert (await asking.get("/sluice.js")).status_code == 404


@pytest.mark.parametrize("address", ["", "usage", "c/1"])
def test_the_links_of_the_built_page_lead_somewhere_below_a_proxys_path_too(
    server: Running, address: str
):
    with httpx.Client(base_url=server.url) as asking:
        text = asking.get(f"/{address}").text
        below = "http://page/some/path/"
        found = {urljoin(below + address, link["target"]) for link in LINK.finditer(text)}
        assert len(found) > 4
        for link in found:
            assert link.startswith(below)
            assert asking.head("/" + link.removeprefix(below)).status_code == 200


def test_the_build_has_left_the_client_its_types_and_an_encoding_of_each_text():
    built = PAGES / BUILT
    texts = [path for path in built.rglob("*") if path.suffix in {".js", ".css", ".html", ".svg"}]
    bare = [
        path.name
        for path in texts
        for suffix in (".br", ".gz")
        if not path.with_name(path.name + suffix).exists()
    ]
    assert (bare, (built / "sluice.d.ts").exists()) == ([], True)
