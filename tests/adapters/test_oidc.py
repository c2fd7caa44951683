"""Tokens of another issuer, against one that serves its description and keys over HTTP."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from sluice.adapters.oidc import FRESH, LARGEST, PAUSE, RETRY, OpenIdIssuer, is_safe
from sluice.core.errors import Overloaded
from sluice.services.evidence import Outsider

NOW = 1_000.0
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp"})
NEXT = ECKey.generate_key("P-256", {"kid": "next"})
ANY = ["RS256", "PS256", "ES256", "Ed25519", "HS256", "RS512"]


class Server:
    """An issuer. `keys` is what it lists, `about` changes its description; `asked` are the paths
    of its requests; with a `status` it answers nothing else, and with a `gate` it waits."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[dict[str, Any]] = [public(RSA), public(EC), public(OKP)]
        self.about: dict[str, str] = {}
        self.asked: list[str] = []
        self.status = 200
        self.body: bytes | None = None
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        documents = {
            "/realm/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint": f"{self.url}/token",
                **self.about,
            },
            "/realm/keys": {"keys": self.keys},
        }
        body = self.body or json.dumps(documents[request.path]).encode()
        headers = {"location": f"{self.url}/keys"} if self.status == 302 else {}
        return web.Response(status=self.status, body=body, headers=headers)

    def claims(self, **more: Any) -> dict[str, Any]:
        told = {"iss": self.url, "sub": "a-1", "aud": "chat", "exp": NOW + 300, **more}
        return {name: value for name, value in told.items() if value is not None}


class World:
    """An issuer, what reads its tokens, and the clock by which that fetches keys."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.clock = 0.0
        self.issuer = OpenIdIssuer(session, server.url, "chat", lambda: self.clock)

    async def read(self, token: str) -> Outsider | None:
        return await self.issuer.read(token, NOW)


def public(key: Key, **more: str) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(claims: dict[str, Any], key: Key = EC, algorithm: str = "ES256", **more: Any) -> str:
    header = {"alg": algorithm, "kid": key.kid, **more}
    header = {name: value for name, value in header.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=ANY, strict_check_header=False)
    return jws.serialize_compact(header, json.dumps(claims), key, registry=registry)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{rest:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/realm"
    yield server
    await runner.cleanup()


@pytest.fixture
async def world(server: Server) -> AsyncIterator[World]:
    async with aiohttp.ClientSession() as session:
        yield World(server, session)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (OKP, "Ed25519"), (OKP, "EdDSA")],
)
async def test_a_token_says_who_somebody_is_elsewhere(
    world: World, key: Key, algorithm: str
) -> None:
    told = world.server.claims(
        preferred_username="ann", email="ann@example.com", email_verified=True
    )
    with_old_name = algorithm == "EdDSA"
    token = signed_as_eddsa(told) if with_old_name else signed(told, key, algorithm)
    found = await world.read(token)
    assert found == Outsider(world.server.url, "a-1", "ann", "ann@example.com", NOW + 360)


def signed_as_eddsa(claims: dict[str, Any]) -> str:
    """joserfc warns where it is asked for this name, which issuers use all the same."""
    registry = jws.JWSRegistry(algorithms=["EdDSA"])
    with pytest.warns(match="EdDSA"):
        return jws.serialize_compact(
            {"alg": "EdDSA", "kid": "okp"}, json.dumps(claims), OKP, registry=registry
        )


@pytest.mark.parametrize(
    ("more", "username", "email"),
    [
        ({}, "a-1", None),
        ({"name": "Ann Smith"}, "Ann Smith", None),
        ({"name": "Ann Smith", "preferred_username": "ann"}, "ann", None),
        ({"name": "", "preferred_username": "a\0b"}, "a-1", None),
        ({"email": "ann@example.com"}, "a-1", None),
        ({"email": "ann@example.com", "email_verified": False}, "a-1", None),
        ({"email": "ann@example.com", "email_verified": "true"}, "a-1", None),
        ({"email": "a" * 300, "email_verified": True}, "a-1", None),
        ({"email": "ann@example.com", "email_verified": True}, "a-1", "ann@example.com"),
        ({"aud": ["else", "chat"]}, "a-1", None),
        ({"exp": NOW - 59}, "a-1", None),
        ({"nbf": NOW + 60}, "a-1", None),
        ({"roles": {"deep": ["x"]}}, "a-1", None),
    ],
)
async def test_a_name_may_be_lacking_and_an_address_counts_once_it_is_verified(
    world: World, more: dict[str, Any], username: str, email: str | None
) -> None:
    found = await world.read(signed(world.server.claims(**more)))
    assert found is not None
    assert (found.subject, found.username, found.email) == ("a-1", username, email)


@pytest.mark.parametrize(
    "more",
    [
        {"aud": "else"},
        {"aud": ["else"]},
        {"aud": []},
        {"aud": None},
        {"iss": "https://else"},
        {"iss": None},
        {"exp": NOW - 60},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": NOW + 61},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\0b"},
        {"sub": "a" * 256},
        {"sub": 7},
    ],
)
async def test_claims_that_do_not_hold_are_refused(world: World, more: dict[str, Any]) -> None:
    assert await world.read(signed(world.server.claims(**more))) is None


async def test_what_is_signed_otherwise_is_refused(world: World) -> None:
    claims = world.server.claims()
    good = signed(claims)
    head, body, signature = good.split(".")
    stranger = ECKey.generate_key("P-256", {"kid": "ec"})
    shared = OctKey.import_key(b"x" * 32, {"kid": "ec"})
    bad = {
        "by a stranger under a known name": signed(claims, stranger),
        "by a shared secret": signed(claims, shared, "HS256"),
        "by another hash": signed(claims, RSA, "RS512"),
        "unsigned": f"{encoded({'alg': 'none', 'kid': 'ec'})}.{body}.",
        "with the key of another kind": signed(claims, RSA, "RS256", kid="ec"),
        "without a name, where there are several keys": signed(claims, kid=None),
        "signature of another": f"{head}.{body}x.{signature}",
        "cut": good[:-3],
        "a name that is a number": f"{encoded({'alg': 'ES256', 'kid': 5})}.{body}.{signature}",
        "a pit": f"{'W1tb' * 120}.{body}.{signature}",
        "nonsense": "a.b.c",
        "half a surrogate pair": good + "\ud800",
        "oversized": good + "x" * 10_000,
    }
    assert {name: await world.read(token) for name, token in bad.items()} == dict.fromkeys(bad)
    assert await world.read(good) is not None


@pytest.mark.parametrize(
    "listed",
    [
        public(EC, use="enc"),
        public(EC, alg="ES384"),
        {"kty": "oct", "k": "eHh4", "kid": "ec"},
        {"kty": "RSA", "n": "x" * 171, "e": "AQAB", "kid": "ec"},
        {"kty": "EC", "crv": "secp256k1", "x": "x", "y": "y", "kid": "ec"},
        {"kty": "EC", "crv": "P-256", "x": 5, "kid": "ec"},
        {"kty": ["EC"], "kid": "ec"},
        {"kid": "ec"},
    ],
)
async def test_keys_that_are_not_for_this_are_passed_over(
    world: World, listed: dict[str, Any]
) -> None:
    world.server.keys = [listed, public(RSA)]
    assert await world.read(signed(world.server.claims())) is None
    assert await world.read(signed(world.server.claims(), RSA, "RS256")) is not None


async def test_a_token_needs_no_name_of_a_key_where_there_is_one(world: World) -> None:
    world.server.keys = [public(EC)]
    assert await world.read(signed(world.server.claims(), kid=None)) is not None


async def test_keys_are_fetched_once_for_many(world: World) -> None:
    world.server.gate = asyncio.Event()
    token = signed(world.server.claims())
    reading = [asyncio.create_task(world.read(token)) for _ in range(20)]
    await world.server.waiting.wait()
    world.server.gate.set()
    assert None not in await asyncio.gather(*reading)
    assert len(world.server.asked) == 2


async def test_a_new_key_is_found_and_an_unknown_one_asked_for_once_a_minute(
    world: World,
) -> None:
    old, new = signed(world.server.claims()), signed(world.server.claims(), NEXT)
    assert await world.read(old) is not None
    world.server.keys = [public(NEXT)]
    for second in (1.0, PAUSE - 1):
        world.clock = second
        assert await world.read(new) is None
    assert len(world.server.asked) == 2
    world.clock = PAUSE
    assert await world.read(new) is not None
    assert await world.read(old) is None  # its key has been withdrawn
    assert len(world.server.asked) == 4


async def test_keys_are_fetched_again_after_an_hour(world: World) -> None:
    token = signed(world.server.claims())
    for clock, asked in ((0.0, 2), (FRESH - 1, 2), (FRESH, 4), (FRESH + PAUSE, 4)):
        world.clock = clock
        assert await world.read(token) is not None
        assert len(world.server.asked) == asked


async def test_keys_outlast_an_outage_and_nobody_waits_for_it_twice(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "sluice.oidc")
    token = signed(world.server.claims())
    assert await world.read(token) is not None
    world.server.status = 503
    for clock, asked in ((FRESH, 3), (FRESH + 1, 3), (FRESH + PAUSE, 4), (FRESH * 9, 5)):
        world.clock = clock
        assert await world.read(token) is not None
        assert len(world.server.asked) == asked
    with pytest.raises(Overloaded):  # it may be a new key
        await world.read(signed(world.server.claims(), NEXT))
    assert set(caplog.messages) == {"no keys from the issuer of tokens: it answers 503"}
    world.server.status = 200
    world.clock += PAUSE
    assert await world.read(signed(world.server.claims(), NEXT)) is None


async def test_an_old_key_is_used_while_another_request_fetches(world: World) -> None:
    token = signed(world.server.claims())
    await world.read(token)
    world.clock = FRESH
    world.server.gate = asyncio.Event()
    fetching = asyncio.create_task(world.read(token))
    await world.server.waiting.wait()
    assert await world.read(token) is not None
    assert not fetching.done()
    world.server.gate.set()
    assert await fetching is not None


@pytest.mark.parametrize(
    ("status", "about", "body", "reason"),
    [
        (500, {}, None, "it answers 500"),
        (302, {}, None, "it answers 302"),
        (200, {"issuer": "https://else"}, None, "it calls itself by another address"),
        (200, {"jwks_uri": "http://192.0.2.1/keys"}, None, "its keys are not at an https address"),
        (200, {}, b"<html>", "DecodeError"),
        (200, {}, b"{}", "ValidationError"),
        (200, {}, b"x" * (LARGEST + 1), "its answer is too large"),
    ],
)
async def test_where_there_are_no_keys_it_says_so_and_asks_again_soon(
    world: World,
    status: int,
    about: dict[str, str],
    body: bytes | None,
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = world.server
    server.status, server.about, server.body = status, about, body
    token = signed(server.claims())
    for _ in range(2):
        with pytest.raises(Overloaded):
            await world.read(token)
    assert len(server.asked) == 1
    assert caplog.messages == [f"no keys from the issuer of tokens: {reason}"]
    server.status, server.about, server.body = 200, {}, None
    world.clock += RETRY
    assert await world.read(token) is not None


async def test_an_issuer_that_cannot_be_connected_to_has_no_keys(
    unused_tcp_port: int,
) -> None:
    async with aiohttp.ClientSession() as session:
        issuer = OpenIdIssuer(session, f"http://127.0.0.1:{unused_tcp_port}", "chat", lambda: 0.0)
        with pytest.raises(Overloaded):
            await issuer.read(signed({"iss": "x"}), NOW)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://issuer.example", True),
        ("https://192.0.2.1/realm", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:80", True),
        ("http://issuer.example", False),
        ("http://localhost.example", False),
        ("http://192.0.2.1", False),
        ("https://", False),
        ("http://[::1", False),
        ("file:///etc/passwd", False),
        ("issuer.example", False),
        ("", False),
    ],
)
def test_only_https_and_this_machine_are_believed(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


async def test_an_issuer_at_an_unsafe_address_is_refused() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="https"):
            OpenIdIssuer(session, "http://issuer.example", "chat", lambda: 0.0)
