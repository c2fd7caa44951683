"""How much one caller gets, by whom that is counted, and what is cut off."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from itertools import count

import httpx
import pytest

from tests.conftest import Running, Serve, running
from tests.security.doors import UPGRADE
from tests.security.world import (
    LONG,
    PATIENCE,
    QUICK,
    Person,
    Stream,
    signed_in,
    signed_up,
    stranger,
    streaming,
)

LIMITED = {"SLUICE_RATE_LIMIT_ENABLED": "true", "SLUICE_DEFAULT_MODEL": QUICK}
# Strangers are let in through the proxy, which this server trusts: as many addresses as are wanted.
BEHIND = {
    **LIMITED,
    "SLUICE_TRUSTED_PROXIES": "127.0.0.1",
    "SLUICE_ALLOW_ANONYMOUS": "true",
    "SLUICE_REGISTRATION": "open",
}
CHAT, WHOLE = "/api/chat/stream", "/api/chat"
HELLO = {"message": "hello"}
LOGIN, REGISTER = "/api/v1/auth/login", "/api/v1/auth/register"
KILO = 1 << 10
ADDRESSES = (f"192.0.2.{number}" for number in count(1))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("limits")
    limits = "register=20/minute"  # more than one of these tests registers somebody
    with running(
        folder, SLUICE_BODY_TIMEOUT="1", SLUICE_BODY_LIMIT="64 KiB", SLUICE_RATE_LIMITS=limits,
        **BEHIND,
    ) as found:  # fmt: skip
        yield found


@pytest.fixture(scope="module", autouse=True)
def dawdler(server: Running) -> Iterator[socket.socket]:
    """A client that has begun a request's headers, and goes on about it slowly."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as found:
        found.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        yield found


def via(server: Running, address: str | None = None, **headers: str) -> httpx.Client:
    """Whoever asks through the proxy from an address: by default from one of their own."""
    return stranger(server, **{"x-forwarded-for": address or next(ADDRESSES), **headers})


def statuses(client: httpx.Client, times: int, path: str = CHAT) -> list[int]:
    return [client.post(path, json=HELLO).status_code for _ in range(times)]


def test_of_forty_requests_in_a_minute_thirty_pass(server: Running):
    with via(server) as client, via(server) as other:
        answers = [client.post(CHAT, json=HELLO) for _ in range(40)]
        untouched = other.post(CHAT, json=HELLO)
        by_get = client.get(f"{CHAT}?message=hello")
    assert Counter(one.status_code for one in answers) == {200: 30, 429: 10}
    assert [one.status_code for one in answers[30:]] == [429] * 10
    left = [int(one.headers["ratelimit-remaining"]) for one in answers]
    assert left == [*range(29, -1, -1), *[0] * 10]
    for one in answers[30:]:
        assert one.json()["code"] == "rate_limited"
        assert one.headers["ratelimit-limit"] == "30"
        assert 1 <= int(one.headers["retry-after"]) <= 60
        assert 1 <= int(one.headers["ratelimit-reset"]) <= 60
    assert (untouched.status_code, untouched.headers["ratelimit-remaining"]) == (200, "29")
    assert by_get.status_code == 429  # one count for both


def test_users_count_by_themselves_wherever_they_are(server: Running):
    ann, bea = signed_up_via(server, "ann"), signed_up_via(server, "bea")
    with via(server, **bearer(ann)) as here, via(server, **bearer(ann)) as there:
        assert statuses(here, 15) + statuses(there, 16) == [200] * 30 + [429]
        with via(server, here.headers["x-forwarded-for"], **bearer(bea)) as other:
            assert statuses(other, 1) == [200]
        with via(server, here.headers["x-forwarded-for"]) as nobody:
            assert statuses(nobody, 1) == [200]


def test_a_header_that_nobody_vouches_for_gives_no_fresh_count(serve: Serve, server: Running):
    alone = serve(**LIMITED, SLUICE_ALLOW_ANONYMOUS="true")
    spoofed = [f"198.51.100.{number}" for number in range(31)]
    said = []
    for address in spoofed:
        forwarded = {"x-forwarded-for": address, "forwarded": f"for={address}"}
        with stranger(alone, **forwarded, **{"x-real-ip": address}) as client:
            said += statuses(client, 1)
    assert said == [200] * 30 + [429]
    mine = next(ADDRESSES)  # what stands before the last hop is what the client has made up
    said = []
    for address in spoofed:
        with via(server, f"{address}, {mine}") as client:
            said += statuses(client, 1)
    assert said == [200] * 30 + [429]


def test_an_ipv6_subscriber_has_one_count(server: Running):
    said = []
    for number in range(31):
        with via(server, f"2001:db8:1:1:{number:x}::{number:x}") as client:
            said += statuses(client, 1)
    assert said == [200] * 30 + [429]
    for address in ("2001:db8:1:2::1", "2001:db8:2:1::1"):
        with via(server, address) as neighbour:
            assert statuses(neighbour, 1) == [200]


def test_a_resume_never_counts(server: Running):
    with via(server) as client:
        run = client.post(CHAT, json=HELLO).headers["x-run-id"]
        assert statuses(client, 30)[-1] == 429
        for _ in range(3):
            back = client.post(CHAT, json=HELLO, headers={"last-event-id": f"{run}:1"})
            assert back.status_code == 200
            assert "ratelimit-limit" not in back.headers
        followed = client.get(f"/api/v1/runs/{run}/events", headers={"last-event-id": f"{run}:1"})
        assert followed.status_code == 200


def bearer(person: Person) -> dict[str, str]:
    return {"authorization": f"Bearer {person.access}"}


def signed_up_via(server: Running, name: str) -> Person:
    """Register through the proxy: what comes directly is the proxy itself."""
    account = {
        "username": name,
        "email": f"{name}@example.com",
        "password": f"a password of {name}",
    }
    with via(server) as client:
        assert client.post(REGISTER, json=account).status_code == 201
    return signed_in(server, "", name, account["password"])


def live(client: httpx.Client, stack: ExitStack) -> Stream:
    asked = {**HELLO, "model": LONG}
    stream = stack.enter_context(streaming(client, "POST", CHAT, json=asked))
    assert stream.next() is not None
    return stream


def test_so_many_runs_at_once_are_one_callers_until_they_end(serve: Serve):
    server = serve(
        **{**BEHIND, "SLUICE_RATE_LIMIT_ENABLED": "false"},
        SLUICE_MAX_RUNS_PER_USER="2", SLUICE_DISCONNECT_GRACE="60",
    )  # fmt: skip
    ann = signed_up_via(server, "ann")
    here = next(ADDRESSES)
    for who in ({"x-forwarded-for": here}, {"x-forwarded-for": here, **bearer(ann)}):
        with ExitStack() as stack, stranger(server, **who) as client:
            first = live(stranger(server, **who), stack)
            with ExitStack() as short:
                second = live(stranger(server, **who), short)
            # The second one's client has left, and its run goes on.
            full = client.post(CHAT, json=HELLO)
            assert (full.status_code, full.json()["code"]) == (503, "overloaded")
            assert int(full.headers["retry-after"]) >= 1
            with via(server) as other:
                assert statuses(other, 1) == [200]
            for run in (first, second):
                assert statuses(client, 1) == [503 if run is first else 200]
                assert client.post(f"/api/v1/runs/{run.run}/cancel").status_code == 200
            assert statuses(client, 3) == [200] * 3
            first.rest()


def test_the_server_has_so_many_runs_at_once(serve: Serve):
    server = serve(**{**BEHIND, "SLUICE_RATE_LIMIT_ENABLED": "false"}, SLUICE_MAX_RUNS="1")
    with ExitStack() as stack, via(server) as other:
        stream = live(via(server), stack)
        full = other.post(CHAT, json=HELLO)
        assert (full.status_code, full.json()["code"]) == (503, "overloaded")
        assert int(full.headers["retry-after"]) >= 1
        assert other.post(f"/api/v1/runs/{stream.run}/cancel").status_code == 200
        assert statuses(other, 1) == [200]


def test_a_day_has_so_many_tokens(serve: Serve):
    server = serve(SLUICE_DAILY_TOKENS="100", SLUICE_DEFAULT_MODEL="demo/n=30,delay=0ms")
    ann, bea = signed_up(server, "ann"), signed_up(server, "bea")
    asked = {**HELLO, "max_tokens": 40}
    stream = "/api/v1/chat/stream"
    assert ann.ask("POST", stream, {**HELLO, "max_tokens": 101}).status_code == 429
    said = [ann.ask("POST", stream, asked) for _ in range(4)]
    assert [one.status_code for one in said] == [200, 200, 429, 429]  # 34 or so of each are spent
    assert said[-1].json()["code"] == "rate_limited"
    assert 1 <= int(said[-1].headers["retry-after"]) <= 86_400
    for path, body in ((CHAT, HELLO), (WHOLE, HELLO), ("/api/v1/query", {"query": "hi"})):
        assert ann.ask("POST", path, body).status_code == 429  # whatever the dialect
    assert bea.ask("POST", stream, asked).status_code == 200


def test_who_guesses_a_password_is_stopped_and_nobody_else(server: Running):
    person = signed_up_via(server, "victim")
    right = {"username": person.name, "password": person.password}
    wrong = {**right, "password": "a wrong password"}
    with via(server) as guesser, via(server) as home:
        said = [guesser.post(LOGIN, json=wrong) for _ in range(12)]
        assert [one.status_code for one in said] == [401] * 10 + [429] * 2
        assert int(said[-1].headers["retry-after"]) >= 1
        assert said[-1].json()["code"] == "rate_limited"
        assert guesser.post(LOGIN, json=right).status_code == 429
        session = guesser.post("/api/v1/auth/session", json=right)
        assert session.status_code == 429  # the other way in is no way round
        assert home.post(LOGIN, json=right).status_code == 200


def test_nobody_registers_often(serve: Serve):
    server = serve(SLUICE_RATE_LIMIT_ENABLED="true")
    bad = {"username": "x", "email": "nonsense", "password": "a password"}
    with stranger(server) as client:
        said = [client.post(REGISTER, json=bad).status_code for _ in range(12)]
    assert said == [422] * 10 + [429] * 2


TOO_MUCH = {"message": "x" * (65 * KILO)}
BODIES = [
    ("POST", CHAT, 413),
    ("POST", WHOLE, 413),
    ("POST", "/api/v1/query/stream", 413),
    ("POST", LOGIN, 413),
    ("POST", REGISTER, 413),
]


@pytest.mark.parametrize(("method", "path", "status"), BODIES)
def test_a_body_over_the_limit_is_refused(server: Running, method: str, path: str, status: int):
    def pieces() -> Iterator[bytes]:
        yield b'{"message":"'
        yield b"x" * (65 * KILO)
        yield b'"}'

    with via(server) as client:
        known = client.request(method, path, json=TOO_MUCH)
        json = {"content-type": "application/json"}
        chunked = client.request(method, path, content=pieces(), headers=json)
    for answer in (known, chunked):
        assert (answer.status_code, answer.json()["code"]) == (status, "payload_too_large")


def test_headers_over_the_limit_are_refused(server: Running):
    with via(server) as client:
        assert client.get("/livez", headers={"x-long": "x" * 70_000}).status_code == 400
        many = {f"x-{number}": "x" * 1000 for number in range(70)}
        assert client.get("/livez", headers=many).status_code == 400
        assert client.get("/livez", headers={"x-fits": "x" * 10_000}).status_code == 200
        # The library that speaks WebSocket has a limit of its own, and must not keep silent.
        long = {**UPGRADE, "x-long": "x" * 10_000}
        assert client.get("/api/v1/query/ws", headers=long).status_code == 431


def closed_within(connection: socket.socket, seconds: float) -> bytes:
    """What comes until the server closes the connection, which it has to in so many seconds."""
    connection.settimeout(seconds)
    said = b""
    try:
        while data := connection.recv(4096):
            said += data
    except ConnectionResetError:
        pass
    return said


def begun(server: Running, path: str, length: int) -> socket.socket:
    """A request whose body is still to come."""
    connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(f'{head}Content-Length: {length}\r\n\r\n{{"mess'.encode())
    return connection


@pytest.mark.parametrize("path", [CHAT, WHOLE, LOGIN])
def test_a_body_that_does_not_come_is_not_waited_for(server: Running, path: str):
    with closing(begun(server, path, 1000)) as connection:
        assert closed_within(connection, PATIENCE) == b""


@pytest.mark.parametrize("path", [CHAT, LOGIN])
def test_a_body_that_trickles_is_not_waited_for_either(server: Running, path: str):
    with closing(begun(server, path, 100_000)) as connection:
        until = time.monotonic() + PATIENCE
        while not is_closed(connection):
            assert time.monotonic() < until, "it is waited for"
            with suppress(OSError):
                connection.sendall(b"x")


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_an_address_over_the_limit_is_refused(server: Running):
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.sendall(b"GET /livez?%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"x" * 70_000))
        assert closed_within(connection, PATIENCE).startswith(b"HTTP/1.1 400 ")


def test_headers_that_trickle_are_not_waited_for(dawdler: socket.socket):
    assert closed_within(dawdler, 60) == b""
