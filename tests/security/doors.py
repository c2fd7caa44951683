"""Every kind of door into a server, each with what it says to whom it does not let in."""

from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from tests.conftest import Running
from tests.security.world import QUICK, Json, stranger

UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "c2x1aWNlIHNsdWljZSBzbA==",
}


class Answer(NamedTuple):
    """What a door says. Socket.IO has no statuses of its own once it is connected: 0 is "no"."""

    status: int
    body: Json
    headers: httpx.Headers

    @property
    def code(self) -> object:
        return self.body.get("code")


class Door(NamedTuple):
    """A way in: how it is knocked at, and in which field its dialect says what is wrong."""

    name: str
    method: str
    path: str
    text: str = "detail"
    body: Json | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it

    def knock(self, server: Running, more: str = "", **headers: str) -> Answer:
        """Ask with these headers, and with this in the query string."""
        path = f"{self.path}{'&' if '?' in self.path else '?'}{more}" if more else self.path
        given = {**self.headers, **{key.replace("_", "-"): text for key, text in headers.items()}}
        with stranger(server) as client:
            found = client.request(self.method, path, json=self.body, headers=given)
        holds_json = found.headers.get("content-type", "").startswith("application/json")
        return Answer(found.status_code, found.json() if holds_json else {}, found.headers)


class Polling(Door):
    """Socket.IO by long-polling: it says no to the `connect` packet, as its protocol has it."""

    def knock(self, server: Running, more: str = "", **headers: str) -> Answer:
        given = {key.replace("_", "-"): text for key, text in headers.items()}
        with stranger(server, **given) as client:
            path = "/socket.io/?EIO=4&transport=polling" + (f"&{more}" if more else "")
            opened = client.get(path)
            if opened.status_code != 200:
                return Answer(opened.status_code, opened.json(), opened.headers)
            sid = opened.text.partition('"sid":"')[2].partition('"')[0]
            client.post(f"{path}&sid={sid}", content="40")
            said = client.get(f"{path}&sid={sid}")
        refused: Any = httpx.Response(200, text=said.text[2:]).json()
        if said.text.startswith("44"):
            return Answer(0, refused["data"], said.headers)
        return Answer(200, refused, said.headers)


MESSAGE = {"message": "hello", "model": QUICK}
REST = Door("a resource", "GET", "/api/v1/auth/me")
SOCKET = Door("a WebSocket", "GET", "/api/v1/query/ws", headers=UPGRADE)
POLLING = Polling("Socket.IO", "GET", "/socket.io/", "error")
WATCHED = Door("conversations", "POST", "/api/v1/chat/stream", body=MESSAGE)
SOURCE = Door("EventSource", "GET", f"/api/v1/chat/stream?message=hello&model={QUICK}")
DOORS = (
    REST,
    Door("a session", "GET", "/api/chat/sessions/nowhere", "error"),
    Door("models", "GET", "/api/v1/models"),
    Door("chat, streamed", "POST", "/api/chat/stream", "error", MESSAGE),
    Door("chat, whole", "POST", "/api/chat", "error", MESSAGE),
    WATCHED,
    SOURCE,
    Door("query", "POST", "/api/v1/query/stream", body={"query": "hello", "model": QUICK}),
    Door("interactions", "POST", "/api/stream/stream-conversation", body=MESSAGE),
    Door("flows", "POST", "/api/stream/chat", body={"user_input": "hello", "model": QUICK}),
    SOCKET,
    POLLING,
)
Bad = Callable[[], str]


def refused(door: Door, answer: Answer) -> None:
    """Whoever knocked is told to sign in, in that dialect's words."""
    assert answer.status in {0, 401}, answer
    assert answer.code == "unauthorized", answer
    assert answer.body[door.text], answer
    if answer.status:
        assert answer.headers["www-authenticate"] == "Bearer"
