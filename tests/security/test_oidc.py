"""People whom another issuer knows, end to end: a real server, and an issuer beside it."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.conftest import Running, running
from tests.security.doors import DOORS, REST, Door, refused
from tests.security.world import PATIENCE, operator, rows, signed_up

EC = ECKey.generate_key("P-256", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
UNKNOWN = ECKey.generate_key("P-256", {"kid": "ec"})  # of somebody who calls a key by the same name
doors = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


class Issuer:
    """An OpenID Connect issuer: it describes itself, and lists its keys."""

    def __init__(self) -> None:
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(issuer.documents[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}/realm"
        keys = [key.as_dict(private=False) for key in (EC, RSA)]
        self.documents: dict[str, Any] = {
            "/realm/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
            },
            "/realm/keys": {"keys": keys},
        }

    def token(self, key: Any = EC, algorithm: str = "ES256", **claims: Any) -> str:
        told = {"iss": self.url, "sub": "ann-at-home", "aud": "chat", "exp": time.time() + 300}
        told |= {"preferred_username": "ann", **claims}
        header = {"alg": algorithm, "kid": key.kid}
        registry = jws.JWSRegistry(algorithms=[algorithm])
        return jws.serialize_compact(header, json.dumps(told), key, registry=registry)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    found = Issuer()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("oidc")
    with running(folder, SLUICE_OIDC_ISSUER=issuer.url, SLUICE_OIDC_AUDIENCE="chat") as found:
        yield found


@doors
def test_their_token_opens_every_door(server: Running, issuer: Issuer, door: Door):
    answer = door.knock(server, authorization=f"Bearer {issuer.token()}")
    assert answer.status in {200, 101, 404}
    assert answer.code in {None, "not_found"}


def test_somebody_stays_the_same_whatever_token_tells_of_them(server: Running, issuer: Issuer):
    tokens = (issuer.token(), issuer.token(RSA, "RS256"), issuer.token(aud=["x", "chat"]))
    found = [REST.knock(server, authorization=f"Bearer {token}").body for token in tokens]
    assert found[0] == found[1] == found[2]
    other = REST.knock(server, authorization=f"Bearer {issuer.token(sub='bea')}").body
    assert other["id"] != found[0]["id"]


def test_nobody_becomes_somebody_who_is_here_by_calling_themselves_so(
    server: Running, issuer: Issuer
):
    here = signed_up(server, "eve")
    told = {"sub": "evil", "preferred_username": "eve", "email": "eve@example.com"}
    for verified in (True, False):
        token = issuer.token(**told, email_verified=verified)
        found = REST.knock(server, authorization=f"Bearer {token}").body
        assert found["id"] != here.id
        assert found["username"] != "eve"
        assert found["role"] == "user"
    emails = rows(server, "SELECT count(*) FROM users WHERE email = 'eve@example.com'")
    assert emails == [(1,)]


def bad_tokens(issuer: Issuer) -> dict[str, str]:
    good = issuer.token()
    public = OctKey.import_key(json.dumps(EC.as_dict(private=False)), {"kid": "ec"})
    return {
        "another audience": issuer.token(aud="elsewhere"),
        "another issuer": issuer.token(iss="http://127.0.0.1:1/realm"),
        "expired": issuer.token(exp=time.time() - 3600),
        "not yet": issuer.token(nbf=time.time() + 3600),
        "no expiry": issuer.token(exp=None),
        "another key": issuer.token(UNKNOWN),
        "by what is public": issuer.token(public, "HS256"),
        "truncated": good[:-2],
        "unsigned": good.rpartition(".")[0] + ".",
    }


@doors
def test_no_bad_token_of_theirs_opens_a_door(server: Running, issuer: Issuer, door: Door):
    for token in bad_tokens(issuer).values():
        refused(door, door.knock(server, authorization=f"Bearer {token}"))


def test_one_of_theirs_who_is_disabled_stays_out(server: Running, issuer: Issuer):
    bearer = f"Bearer {issuer.token(sub='gone')}"
    name = REST.knock(server, authorization=bearer).body["username"]
    operator(server, "users", "disable", name)
    until = time.monotonic() + PATIENCE
    while (answer := REST.knock(server, authorization=bearer)).status == 200:
        assert time.monotonic() < until, "it never heard of it"
        time.sleep(0.1)
    refused(REST, answer)
