"""Who may come in: hosts, origins, proxies and strangers, as tables."""

import logging

import pytest

from tests.transports.conftest import Shared
from tests.transports.driver import Local, started

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERY = "/api/v1/query"
BODY = {"query": "hi", "model": "demo/n=1,delay=0ms"}
GET = "/api/stream/chat-get?user_input=hi&model=demo/n=1,delay=0ms"

HOSTS = [
    ({}, "localhost", 200),
    ({}, "LOCALHOST:8000", 200),
    ({}, "127.0.0.1:8001", 200),
    ({}, "[::1]:3000", 200),
    ({}, "evil.example", 403),
    ({}, "localhost.evil.example", 403),
    ({}, "127.0.0.1.evil.example:80", 403),
    ({}, "", 403),
    ({"allowed_hosts": "chat.example"}, "chat.example:443", 200),
    ({"allowed_hosts": "Chat.Example"}, "CHAT.example", 200),
    ({"allowed_hosts": "chat.example"}, "localhost", 200),
    ({"host": "0.0.0.0"}, "anything.example", 200),
    ({"host": "0.0.0.0", "allowed_hosts": "chat.example"}, "chat.example", 200),
    ({"host": "0.0.0.0", "allowed_hosts": "chat.example"}, "localhost", 403),
]


@pytest.mark.parametrize(("given", "host", "status"), HOSTS)
async def test_only_known_host_names_are_answered(
    shared: Shared, given: dict[str, str], host: str, status: int
):
    local = await shared(**given)
    exchange = await local.ask("/health", headers={"host": host}).over()
    probe = await local.ask("/livez", headers={"host": host}).over()
    assert exchange.status == status
    assert "code" in exchange.json or status == 200
    assert probe.status == 200  # an orchestrator asks by address


# settings, origin, whether pages of it may call, and with cookies
ORIGINS = [
    ({}, "http://localhost:5173", True, False),
    ({}, "http://127.0.0.1:3000", True, False),
    ({}, "https://[::1]", True, False),
    ({}, "null", False, False),
    ({}, "https://evil.example", False, False),
    ({}, "https://localhost.evil.example", False, False),
    ({}, "http://[", False, False),
    ({}, "nonsense", False, False),
    ({"cors_origins": "https://app.example"}, "https://app.example", True, True),
    ({"cors_origins": "https://app.example"}, "http://app.example", False, False),
    ({"cors_origins": "null"}, "null", True, True),
    ({"cors_origins": "*"}, "https://anyone.example", True, False),
    ({"cors_origins": "*,https://app.example"}, "https://app.example", True, True),
    ({"host": "0.0.0.0"}, "http://localhost:5173", False, False),
    ({"host": "0.0.0.0", "cors_origins": "*"}, "http://localhost:5173", True, False),
]
origins = pytest.mark.parametrize(("given", "origin", "listed", "cookies"), ORIGINS)


def cors(headers: dict[str, str]) -> tuple[str | None, bool]:
    allowed = headers.get("access-control-allow-origin")
    return allowed, headers.get("access-control-allow-credentials") == "true"


@origins
@pytest.mark.parametrize("path", [QUERY, f"{QUERY}/stream", "/health", "/nowhere", GET])
async def test_pages_of_listed_origins_may_read_answers(
    shared: Shared, given: dict[str, str], origin: str, listed: bool, cookies: bool, path: str
):
    body = BODY if path.startswith(QUERY) else None
    local = await shared(allow_anonymous=True, demo=True, **given)
    exchange = await local.ask(path, body, headers={"origin": origin}).over()
    assert cors(exchange.headers) == (origin if listed else None, cookies)
    if listed:
        assert exchange.headers["vary"] == "Origin"
        assert "X-Run-Id" in exchange.headers["access-control-expose-headers"]


@origins
async def test_preflights_are_answered_for_listed_origins(
    shared: Shared, given: dict[str, str], origin: str, listed: bool, cookies: bool
):
    headers = {"origin": origin, "access-control-request-method": "POST"}
    local = await shared(**given)
    exchange = await local.ask(QUERY, method="OPTIONS", headers=headers).over()
    assert exchange.status == (204 if listed else 403)
    assert cors(exchange.headers) == (origin if listed else None, cookies)
    if listed:
        assert exchange.headers["access-control-allow-methods"] == "GET, POST, PATCH, DELETE"
        for name in ("Authorization", "Content-Type", "Last-Event-ID", "Idempotency-Key"):
            assert name in exchange.headers["access-control-allow-headers"]


@origins
async def test_websockets_of_foreign_pages_are_refused(
    shared: Shared, given: dict[str, str], origin: str, listed: bool, cookies: bool
):
    local = await shared(allow_anonymous=True, demo=True, **given)
    socket = local.connect({"origin": origin})
    if listed:
        socket.say(BODY)
        await socket.until("end")
    else:
        await socket.task
        assert (socket.closed, socket.said) == (1008, [])


async def test_a_websocket_of_the_servers_own_page_is_let_in():
    async with started(host="0.0.0.0", allow_anonymous=True, demo=True) as local:
        socket = local.connect({"host": "chat.example:81", "origin": "http://Chat.example:81"})
        socket.say(BODY)
        await socket.until("end")


@pytest.mark.parametrize("host", ["", "localhost"])
async def test_an_origin_that_makes_no_sense_is_not_the_servers_own(host: str):
    async with started(host="0.0.0.0", allow_anonymous=True) as local:
        socket = local.connect({"host": host, "origin": "http://["})
        await socket.task
    assert socket.closed == 1008


TRICKS = [
    (GET, "cross-site", None, 403),
    (GET, "same-site", None, 200),
    (GET, "same-origin", None, 200),
    (GET, "none", None, 200),
    (GET, "cross-site", "http://localhost:5173", 200),
    (GET, "cross-site", "https://evil.example", 403),
    ("/api/stream/sse?last_event_id=x:1", "cross-site", None, 403),
    ("/health", "cross-site", None, 200),
]


@pytest.mark.parametrize(("path", "site", "origin", "status"), TRICKS)
async def test_an_image_tag_elsewhere_spends_no_tokens(
    shared: Shared, path: str, site: str, origin: str | None, status: int
):
    headers = {"sec-fetch-site": site} | ({"origin": origin} if origin else {})
    local = await shared()
    exchange = await local.ask(path, headers=headers).over()
    assert local.engine.live == 0
    assert exchange.status == status


# settings, forwarding headers, whether a stranger is answered
STRANGERS = [
    ({}, {}, True),
    ({}, {"x-forwarded-for": "203.0.113.9"}, False),
    ({}, {"forwarded": "for=203.0.113.9"}, False),
    ({"allow_anonymous": "true"}, {"x-forwarded-for": "203.0.113.9"}, True),
    ({"allow_anonymous": "false"}, {}, False),
    ({"host": "0.0.0.0", "demo": "true"}, {}, False),
    ({"host": "0.0.0.0", "demo": "true", "allow_anonymous": "true"}, {}, True),
]


@pytest.mark.parametrize(("given", "headers", "welcome"), STRANGERS)
@pytest.mark.parametrize("path", [QUERY, f"{QUERY}/stream"])
async def test_strangers_are_answered_where_the_operator_says_so(
    shared: Shared, given: dict[str, str], headers: dict[str, str], welcome: bool, path: str
):
    local = await shared(**given)
    exchange = await local.ask(path, BODY, headers=headers).over()
    resumed = await local.ask(path, BODY, headers={**headers, "last-event-id": "nobody:1"}).over()
    assert exchange.status == (200 if welcome else 401)
    if not welcome:
        assert exchange.headers["www-authenticate"] == "Bearer"
        assert exchange.json["code"] == "unauthorized"
        assert resumed.status == 401


FORWARDED = {"x-forwarded-for": "203.0.113.9"}


@pytest.mark.parametrize(
    ("given", "headers", "status"),
    [
        ({}, {}, 200),
        ({}, FORWARDED, 403),
        ({"demo": "true"}, FORWARDED, 200),
    ],
)
async def test_the_demo_beside_a_provider_is_for_this_machine_unless_asked_for(
    shared: Shared, given: dict[str, str], headers: dict[str, str], status: int
):
    local = await shared(openai_api_key="k", allow_anonymous="true", **given)
    exchange = await local.ask(QUERY, BODY, headers=headers).over()
    assert exchange.status == status


async def test_a_proxy_before_a_loopback_server_is_logged_once(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    async with started() as local:
        for _ in range(3):
            await local.ask("/health", headers={"x-forwarded-for": "203.0.113.9"}).over()
    assert [record.name for record in caplog.records] == ["sluice.gate"]
    assert "203.0.113.9" not in caplog.text


# trusted proxies, the peer, X-Forwarded-For lines, the address that counts
HOPS = [
    ("", "10.0.0.1", ["1.2.3.4"], "10.0.0.1"),
    ("10.0.0.0/8", "10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
    ("10.0.0.0/8", "10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
    ("10.0.0.0/8", "10.0.0.1", ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
    ("10.0.0.0/8", "9.9.9.9", ["1.2.3.4"], "9.9.9.9"),
    ("10.0.0.0/8", "10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ("10.0.0.0/8", "10.0.0.1", ["nonsense"], "nonsense"),
    ("2001:db8::/32", "2001:db8::1", ["2001:db9::7"], "2001:db9::7"),
]


@pytest.mark.parametrize(("proxies", "peer", "lines", "address"), HOPS)
async def test_forwarding_headers_are_believed_of_trusted_proxies_only(
    proxies: str, peer: str, lines: list[str], address: str
):
    async with started(host="0.0.0.0", trusted_proxies=proxies) as local:
        seen = await visit(local, peer, lines)
    assert seen == address


async def visit(local: Local, peer: str, lines: list[str]) -> str:
    """The address that the gate finds for a request."""
    found: list[str] = []
    gate = local.app._app  # pyright: ignore[reportPrivateUsage]

    async def note(scope: dict[str, object], receive: object, send: object) -> None:
        found.append(scope["sluice.visit"].who.address)  # type: ignore[attr-defined]

    gate._app = note  # type: ignore[union-attr]
    scope = {
        "type": "http", "method": "GET", "path": "/health", "query_string": b"",
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", line.encode()) for line in lines],
    }  # fmt: skip
    await local.app(scope, None, None)  # type: ignore[arg-type]
    return found[0]


METRICS = [
    ({}, "127.0.0.1", {}, 200),
    ({}, "::1", {}, 200),
    ({}, "127.0.0.1", {"x-forwarded-for": "1.2.3.4"}, 401),
    ({}, "10.0.0.1", {}, 401),
    ({"metrics_token": "s3cret"}, "127.0.0.1", {}, 200),
    ({"metrics_token": "s3cret"}, "10.0.0.1", {"authorization": "Bearer s3cret"}, 200),
    ({"metrics_token": "s3cret"}, "10.0.0.1", {"authorization": "Bearer wrong"}, 401),
    ({"metrics_token": "s3cret"}, "10.0.0.1", {"authorization": "s3cret"}, 401),
    ({"metrics_token": "s3cret"}, "10.0.0.1", {}, 401),
]


@pytest.mark.parametrize(("given", "peer", "headers", "status"), METRICS)
async def test_metrics_are_for_this_machine_or_the_tokens_bearer(
    shared: Shared, given: dict[str, str], peer: str, headers: dict[str, str], status: int
):
    local = await shared(**given)
    exchange = await local.ask("/metrics", headers=headers, client=peer).over()
    assert exchange.status == status
    if status == 401:
        assert exchange.headers["www-authenticate"] == "Bearer"
        assert exchange.json["code"] == "unauthorized"
    else:
        assert b"sluice_runs_live 0.0" in exchange.body
