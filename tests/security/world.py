"""People who use a real server: what they send, and what they hold that is secret."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

from tests.conftest import Running, environment, sluice_command

Json = dict[str, Any]

QUICK = "demo/n=2,delay=0ms"
LONG = "demo/n=4000,delay=50ms"  # goes on for longer than any test
PATIENCE = 30.0  # seconds within which anything at all has to happen


class Person(NamedTuple):
    """Somebody who is signed in."""

    server: Running
    id: str
    name: str
    password: str
    access: str
    refresh: str

    def client(self) -> httpx.Client:
        """A client that sends the bearer along; to be closed."""
        return stranger(self.server, authorization=f"Bearer {self.access}")

    def ask(self, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
        with self.client() as client:
            return client.request(method, path, json=body, **more)

    def talk(self, message: str, **more: Any) -> list[Json]:
        """Say something in a conversation; the events of the reply."""
        answer = self.ask("POST", "/api/v1/chat/stream", {"message": message, **more})
        assert answer.status_code == 200, answer.text
        return events_of(answer.text)


def events_of(text: str) -> list[Json]:
    """The events of a whole stream."""
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def stranger(server: Running, **headers: str) -> httpx.Client:
    """A client that says nothing of itself but these headers."""
    # No certificates are read, which takes longer than any request here.
    return httpx.Client(base_url=server.url, headers=headers, timeout=PATIENCE, verify=False)


def signed_up(server: Running, name: str) -> Person:
    """Register, and sign in."""
    password = f"a password of {name}"
    with stranger(server) as client:
        account = {"username": name, "email": f"{name}@example.com", "password": password}
        made = client.post("/api/v1/auth/register", json=account)
        assert made.status_code == 201, made.text
    return signed_in(server, made.json()["id"], name, password)


def administrator(server: Running, name: str = "root") -> Person:
    """Have the operator make one."""
    password = f"a password of {name}"
    given = ("--admin", "--password-stdin")
    operator(server, "users", "add", name, f"{name}@example.com", *given, given=f"{password}\n")
    return signed_in(server, "", name, password)


def signed_in(server: Running, id: str, name: str, password: str) -> Person:
    """Sign in once more."""
    with stranger(server) as client:
        given = {"username": name, "password": password}
        grant = client.post("/api/v1/auth/login", json=given)
        assert grant.status_code == 200, grant.text
    access, refresh = grant.json()["access_token"], grant.json()["refresh_token"]
    return Person(server, id, name, password, access, refresh)


@contextmanager
def streaming(client: httpx.Client, method: str, path: str, **more: Any) -> Iterator["Stream"]:
    """An open event stream, and the client, which is closed after it."""
    with client, client.stream(method, path, **more) as answer:
        assert answer.status_code == 200, answer.read()
        yield Stream(answer)


class Stream:
    """Reads an event stream, one event at a time; `ids` are those of the events read."""

    def __init__(self, answer: httpx.Response) -> None:
        self.run = answer.headers["x-run-id"]
        self.ids: list[str] = []
        self._lines = answer.iter_lines()

    def next(self) -> Json | None:
        """The next event; None at the end."""
        for line in self._lines:
            if line.startswith("id: "):
                self.ids.append(line.removeprefix("id: "))
            if line.startswith("data: ") and line != "data: [DONE]":
                return json.loads(line.removeprefix("data: "))
        return None

    def rest(self) -> list[Json]:
        """All events up to the end."""
        return list(iter(self.next, None))


def operator(server: Running, *arguments: str, given: str = "") -> str:
    """Run `sluice …` beside the server, on its data; what it says."""
    done = subprocess.run(
        [*sluice_command(), *arguments],
        cwd=server.log.parent,
        env=environment(),
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


def rows(server: Running, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database of a server holds."""
    file = server.log.parent / "data" / "sluice.db"
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=PATIENCE)
    try:
        return database.execute(statement, values).fetchall()
    finally:
        database.close()
