"""Fetching from addresses that strangers name: which are refused, and what those give that are not.

The servers are on loopback, so 127.0.0.1 alone stands for the public internet here. Everything
else of this machine stands for what must never be reached.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_UNSPEC, AddressFamily
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sluice.adapters.fetcher import LONGEST, GuardedFetcher
from sluice.adapters.networks import Address, is_public
from sluice.core.errors import InvalidRequest, PayloadTooLarge, SluiceError

MOST = 1 << 20
PUBLIC = "127.0.0.1"
INSIDE = "127.0.0.2"
FILE = b"a file" * 50_000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """Says of each name what the table has for it: one answer after the other, the last again."""

    def __init__(self, **table: list[list[str]]) -> None:
        self.table = {name.replace("_", "."): answers for name, answers in table.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = self.table.get(host)
        if answers is None:
            raise OSError("no such name")
        self.asked.append(host)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=AF_INET, proto=0, flags=0)
            for one in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


class Site:
    """A server on all of this machine's loopback addresses. `seen` are the requests it got."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.port = 0
        self.answer: Handler = self.file
        self.left = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(request)  # pyright: ignore[reportArgumentType]
        return await self.answer(request)  # pyright: ignore[reportArgumentType]

    async def file(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=FILE)


def only_public(address: Address) -> bool:
    return str(address) == PUBLIC


async def serve(site: Site, tls: ssl.SSLContext | None = None) -> web.ServerRunner:
    runner = web.ServerRunner(web.Server(site), shutdown_timeout=0.1)  # pyright: ignore[reportArgumentType]
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0, ssl_context=tls).start()
    site.port = runner.addresses[0][1]
    return runner


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    runner = await serve(site)
    yield site
    await runner.cleanup()


def fetcher(site: Site, names: Names | None = None, **more: Any) -> GuardedFetcher:
    found = names or Names(files_example=[[PUBLIC]])
    given = {"schemes": ("http", "https"), "ports": {site.port}, "allow": only_public, **more}
    return GuardedFetcher(resolver=lambda: found, **given)


async def fetch(fetcher: GuardedFetcher, url: str, most: int = MOST) -> bytes:
    return b"".join([piece async for piece in fetcher.fetch(url, most)])


async def refused(fetcher: GuardedFetcher, url: str, most: int = MOST) -> str:
    with pytest.raises(SluiceError) as caught:
        await fetch(fetcher, url, most)
    if isinstance(caught.value, InvalidRequest):
        assert caught.value.field == "url"
    assert "127.0" not in caught.value.message
    return caught.value.message


async def test_a_file_is_fetched_by_its_name(site: Site) -> None:
    address = f"http://files.example:{site.port}/a%20b?c=d#e"
    assert await fetch(fetcher(site), address) == FILE
    (request,) = site.seen
    assert request.raw_path == "/a%20b?c=d"
    assert dict(request.headers) == {
        "Host": f"files.example:{site.port}",
        "User-Agent": "sluice",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


async def test_a_name_in_any_script_is_looked_up_as_its_ascii_form(site: Site) -> None:
    names = Names(**{"xn--bcher-kva_example": [[PUBLIC]]})
    assert await fetch(fetcher(site, names), f"http://Bücher.example:{site.port}/") == FILE


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://files.example/", "begin with"),
        ("file:///etc/passwd", "begin with"),
        ("gopher://files.example/", "begin with"),
        ("data:text/plain,hello", "begin with"),
        ("//files.example/", "begin with"),
        ("/etc/passwd", "begin with"),
        ("", "begin with"),
        ("http://user@files.example/", "user name"),
        ("http://user:secret@files.example/", "user name"),
        ("http://@files.example/", "port"),
        ("http://files.example@127.0.0.1/", "user name"),
        ("http:///path", "names no host"),
        ("http://files.example:22/", "port"),
        ("http://files.example:0/", "port"),
        ("http://files.example:99999/", "no address"),
        ("http://files.example\\@inside.example/", "no address"),
        ("http://files.example/a b", "no address"),
        ("http://files.example/\r\nHost: inside", "no address"),
        ("http://[::1/", "no address"),
        (f"http://files.example/{'a' * LONGEST}", "no address"),
    ],
)
async def test_what_is_no_plain_address_is_refused(site: Site, url: str, said: str) -> None:
    assert said in await refused(fetcher(site), url)
    assert site.seen == []


async def test_only_https_and_its_port_are_fetched_unless_told_otherwise() -> None:
    plain = GuardedFetcher(resolver=Names)
    assert "https://" in await refused(plain, "http://files.example/")
    assert "port" in await refused(plain, "https://files.example:8443/")
    assert "cannot be found" in await refused(plain, "https://files.example/")


@pytest.mark.parametrize(
    "host",
    [
        INSIDE,
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1%25lo]",
        "0.0.0.0",
        "[::]",
        "0",
        "127.2",
        "2130706434",
        "0x7f000002",
        "0x7f.2",
        "0177.0.0.2",
        "127.0.0.2.",
        "１２７.０.０.２",
        "127。0。0。2",
        "inside.example",
        "both.example",
        "inside.example.",
    ],
)
async def test_no_spelling_of_an_inner_address_is_reached(site: Site, host: str) -> None:
    answers = {"inside_example": [[INSIDE]], "both_example": [[PUBLIC, INSIDE]]}
    await refused(fetcher(site, Names(**answers)), f"http://{host}:{site.port}/")
    assert site.seen == []


async def test_what_a_name_says_later_does_not_matter(site: Site) -> None:
    names = Names(files_example=[[PUBLIC], [INSIDE]], evil_example=[[INSIDE], [PUBLIC]])
    assert await fetch(fetcher(site, names), f"http://files.example:{site.port}/") == FILE
    assert names.asked == ["files.example"]  # once, and that answer was connected to
    text = await refused(fetcher(site, names), f"http://evil.example:{site.port}/")
    assert text == "The address is not a public one."
    assert len(site.seen) == 1


def redirecting(site: Site, *locations: str) -> Handler:
    left = list(locations)

    async def answer(request: web.Request) -> web.StreamResponse:
        if not left:
            return await site.file(request)
        headers = {"Location": left.pop(0).format(port=site.port), "Set-Cookie": "a=b"}
        return web.Response(status=302, headers=headers)

    return answer


async def test_redirects_are_followed_three_times(site: Site) -> None:
    here = f"http://files.example:{site.port}/"
    site.answer = redirecting(site, "/one", "two?x", "//files.example:{port}/three")
    assert await fetch(fetcher(site), here) == FILE
    assert [request.raw_path for request in site.seen] == ["/", "/one", "/two?x", "/three"]
    said = {name for request in site.seen for name in request.headers}
    assert said.isdisjoint({"Cookie", "Referer"})
    site.answer = redirecting(site, *["/again"] * 4)
    assert "more than 3 times" in await refused(fetcher(site), here)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://127.0.0.2:{port}/", "not a public"),
        ("http://[::1]:{port}/", "not a public"),
        ("http://inside.example:{port}/", "not a public"),
        ("http://files.example:{port}/", "not a public"),  # the name says something else now
        ("http://user:secret@files.example:{port}/", "user name"),
        ("http://files.example:22/", "port"),
        ("ftp://files.example:{port}/", "begin with"),
        ("file:///etc/passwd", "begin with"),
        ("", "nowhere"),
        ("/ /", "no address"),
    ],
)
async def test_each_redirect_is_judged_anew(site: Site, location: str, said: str) -> None:
    names = Names(files_example=[[PUBLIC], [INSIDE]], inside_example=[[INSIDE]])
    site.answer = redirecting(site, location)
    assert said in await refused(fetcher(site, names), f"http://files.example:{site.port}/")
    assert len(site.seen) == 1


def answering(body: bytes = b"", status: int = 200, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=given)

    return answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answering(status=404), "status 404"),
        (answering(status=500), "status 500"),
        (answering(status=206, body=b"part"), "status 206"),
        (answering(status=304), "status 304"),
        (answering(b"packed", Content_Encoding="gzip"), "compressed"),
        (answering(b"packed", Content_Encoding="br"), "compressed"),
        (answering(b"a" * 11), "too large"),
    ],
)
async def test_only_a_whole_and_plain_answer_is_taken(
    site: Site, answer: Handler, said: str
) -> None:
    site.answer = answer
    assert said in await refused(fetcher(site), f"http://files.example:{site.port}/", most=10)


def trickling(site: Site, piece: bytes, pause: float) -> Handler:
    """An answer without an end, that says nothing of its length."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(piece)
                await asyncio.sleep(pause)
        except (ConnectionError, asyncio.CancelledError):
            site.left.set()
        return response

    return answer


async def test_what_has_no_end_is_cut_at_the_limit(site: Site) -> None:
    site.answer = trickling(site, b"a" * 100_000, 0)
    with pytest.raises(PayloadTooLarge):
        await fetch(fetcher(site), f"http://files.example:{site.port}/")
    await asyncio.wait_for(site.left.wait(), 10)


async def test_a_trickle_is_cut_off_in_time(site: Site) -> None:
    site.answer = trickling(site, b"a", 0.01)
    slow = fetcher(site, patience=0.3)
    assert "too long" in await refused(slow, f"http://files.example:{site.port}/")
    await asyncio.wait_for(site.left.wait(), 10)


async def test_silence_is_cut_off_in_time(site: Site) -> None:
    site.answer = trickling(site, b"a", 3600)
    silent = fetcher(site, patience=0.3)
    assert "too long" in await refused(silent, f"http://files.example:{site.port}/")

    async def nothing(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        return web.Response()

    site.answer = nothing
    assert "too long" in await refused(silent, f"http://files.example:{site.port}/")


async def test_who_leaves_closes_the_connection(site: Site) -> None:
    site.answer = trickling(site, b"a", 0.01)
    async with aclosing(fetcher(site).fetch(f"http://files.example:{site.port}/", MOST)) as pieces:
        assert await anext(pieces) == b"a"
    await asyncio.wait_for(site.left.wait(), 10)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (b"", "makes no sense"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "makes no sense"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "makes no sense"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "makes no sense"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "makes no sense"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, "makes no sense"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n", "no address"),
    ],
)
async def test_nonsense_is_refused(site: Site, said: bytes, text: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(answer, PUBLIC, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        odd = fetcher(site, ports={port})
        assert text in await refused(odd, f"http://files.example:{port}/")
    closed = fetcher(site, ports={port})
    assert "cannot be reached" in await refused(closed, f"http://files.example:{port}/")


async def test_no_proxy_of_the_environment_is_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.2:1/")
    assert await fetch(fetcher(site), f"http://files.example:{site.port}/") == FILE


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For a server of that name, and for a client that believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "both.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


async def test_a_pinned_address_must_prove_to_be_the_name(tmp_path: Path) -> None:
    server, trust = certified(tmp_path, "files.example")
    asked: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)
    site = Site()
    runner = await serve(site, server)
    names = Names(files_example=[[PUBLIC]], other_example=[[PUBLIC]])
    believing = fetcher(site, names, trust=trust)
    assert await fetch(believing, f"https://files.example:{site.port}/") == FILE
    assert asked == ["files.example"]
    for doubting, name in ((believing, "other.example"), (fetcher(site), "files.example")):
        text = await refused(doubting, f"https://{name}:{site.port}/")
        assert "cannot prove" in text
    await runner.cleanup()


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "93.184.216.34", "100.63.255.255", "172.32.0.1"),
        *("2606:4700::1111", "2a00:1450::1"),
    ],
)
def test_what_is_everybodys_may_be_reached(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
        *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192"),
        *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b::8.8.8.8"),
        *("64:ff9b:1::1", "100::1", "2001::1", "2001:0:1::1", "2001:db8::1", "2002:808:808::1"),
        *("3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1"),
        *("ff02::1", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1", "2606:4700::1%lo"),
    ],
)
def test_what_is_not_everybodys_is_not_reached(address: str) -> None:
    assert not is_public(ip_address(address))
