"""Nothing secret, and nothing that anybody said, is in a log or in the text of an error."""

import re
from urllib.parse import quote

import httpx

from tests.conftest import Running, Serve
from tests.security.doors import DOORS
from tests.security.world import Person, administrator, signed_up, stranger

SAID = "a-word-that-only-this-conversation-knows"
GUESS = "a-wrong-password-that-somebody-tries"
STREAM = "/api/v1/chat/stream"


class Listener:
    """Keeps what must not be seen again, and every error that a client is shown."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {"a text": SAID, "a wrong password": GUESS}
        self.errors: list[str] = []

    def heard(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code >= 400 or '"type":"error"' in answer.text:
            self.errors.append(answer.text)
        return answer


def everything(server: Running, listener: Listener) -> None:
    """Do a bit of everything, rightly and wrongly."""
    person, root = signed_up(server, "ann"), administrator(server)
    listener.secrets |= kept_by(person) | {"root's token": root.access}
    talk(person, listener)
    wrongly(server, person, listener)
    with stranger(server) as client:
        given = {"username": "ann", "password": GUESS}
        listener.heard(client.post("/api/v1/auth/login", json=given))
        listener.heard(client.post("/api/v1/auth/session", json=given))
        used = {"refresh_token": person.refresh}
        listener.secrets["a second refresh token"] = client.post(
            "/api/v1/auth/refresh", json=used
        ).json()["refresh_token"]
        listener.heard(client.post("/api/v1/auth/refresh", json=used))


def kept_by(person: Person) -> dict[str, str]:
    """All that somebody has to keep to themselves."""
    with stranger(person.server) as client:
        given = {"username": person.name, "password": person.password}
        session = client.post("/api/v1/auth/session", json=given)
    return {
        "a password": person.password,
        "a token": person.access,
        "a token's signature": person.access.rpartition(".")[2],
        "a refresh token": person.refresh,
        "a cookie": session.cookies["sluice_session"],
        "a key": person.ask("POST", "/api/v1/auth/keys", {"name": "script"}).json()["key"],
        "a ticket": person.ask("POST", "/api/v1/auth/ticket").json()["ticket"],
        "a used ticket": person.ask("POST", "/api/v1/auth/ticket").json()["ticket"],
    }


def talk(person: Person, listener: Listener) -> None:
    """Say the same thing in every dialect, and let it fail in every way."""
    bodies = {"message": SAID, "query": SAID, "user_input": SAID}
    models = ("demo", "demo/fail=provider_unavailable@2", "demo/cut@2", "demo/fail=provider_auth@0")
    for door in DOORS:
        if door.body is None:
            continue
        for model in (*models, f"openai/{SAID}", f"demo/{SAID}=1"):
            body = {**bodies, "model": f"{model},n=5,delay=0ms" if "demo/" in model else model}
            listener.heard(person.ask(door.method, door.path, body))
    said = person.talk(SAID, model="demo/n=2,delay=0ms")[0]["conversation_id"]
    path = f"/api/v1/conversations/{said}"
    for method, rest, body in (
        ("GET", "/messages", None), ("GET", "/export?format=markdown", None), ("GET", "", None),
        ("PATCH", "", {"title": SAID}), ("PATCH", "", {"title": SAID * 20}), ("DELETE", "", None),
        ("GET", f"/messages?cursor={SAID}", None), ("GET", f"/messages?branch={SAID}", None),
    ):  # fmt: skip
        listener.heard(person.ask(method, path + rest, body))
    for path in ("/api/v1/search?q=", "/api/v1/conversations?q=", "/api/v1/usage?from="):
        listener.heard(person.ask("GET", f"{path}{SAID}"))


def wrongly(server: Running, person: Person, listener: Listener) -> None:
    """Bring what is good to the wrong place, and what is bad to the right one."""
    for door in DOORS:
        for name in ("a token", "a key", "a ticket", "a refresh token", "a password"):
            secret = listener.secrets[name]
            listener.errors.append(str(door.knock(server, f"ticket={quote(secret)}").body))
            for header in (f"Bearer {secret}x", f"Basic {secret}", secret):
                listener.errors.append(str(door.knock(server, authorization=header).body))
            for cookie in (f"sluice_session={secret}x", f"__Host-sluice_session={secret}"):
                listener.errors.append(str(door.knock(server, cookie=quote(cookie, "=")).body))
    ticket = listener.secrets["a used ticket"]
    with stranger(server) as client:
        for _ in range(2):
            path = f"{STREAM}?message={SAID}&model=demo/n=1,delay=0ms&ticket={ticket}"
            listener.heard(client.get(path))
    for body in (f'{{"message":"{SAID}"', f'{{"message":["{SAID}"]}}', f'"{SAID}"', "\ud800"):
        data = body.encode("utf-8", "surrogatepass")
        headers = {"content-type": "application/json"}
        with person.client() as client:
            listener.heard(client.post(STREAM, content=data, headers=headers))
    change = {"current_password": GUESS, "new_password": "short"}
    listener.heard(person.ask("POST", "/api/v1/auth/password", change))


def test_no_secret_and_no_text_is_in_a_log_or_an_error(serve: Serve):
    server = serve(ENABLE_LOGS="true", SLUICE_LOG_FORMAT="json")
    listener = Listener()
    everything(server, listener)
    server.stop()
    log = server.log.read_text() + server.out.read_text()
    assert "sluice.run" in log
    assert len(listener.errors) > 100
    shown = "\n".join(listener.errors)
    for what, secret in listener.secrets.items():
        for place, text in (("the log", log), ("an error", shown)):
            if (what, place) != ("a text", "an error"):  # which may say what name was not found
                assert secret not in text, f"{what} is in {place}"
    assert not re.search(r"Traceback|/site-packages/|File \"|sqlalchemy|\.py\b", shown)
