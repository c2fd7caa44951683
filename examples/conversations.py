"""Talks in a stored conversation with `requests`. usage: conversations.py [SERVER]

Registers a guest, loses the connection in the middle of a reply, and misses nothing of it.
"""

import json
import secrets
import sys
from collections.abc import Iterator

import requests

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
STREAM = f"{SERVER}/api/v1/chat/stream"
TIMEOUT = (5, 60)  # seconds to connect, and of silence


def sign_in(session: requests.Session) -> None:
    """Register a guest, and let every later request carry its token."""
    name, password = f"guest-{secrets.token_hex(6)}", secrets.token_urlsafe()
    account = {"username": name, "email": f"{name}@example.com", "password": password}
    session.post(f"{SERVER}/api/v1/auth/register", json=account).raise_for_status()
    grant = session.post(
        f"{SERVER}/api/v1/auth/login", json={"username": name, "password": password}
    )
    grant.raise_for_status()
    session.headers["Authorization"] = f"Bearer {grant.json()['access_token']}"


def events(response: requests.Response) -> Iterator[tuple[str, dict[str, str]]]:
    """Each event with its id, as it arrives."""
    response.raise_for_status()
    id = ""
    for line in response.iter_lines(chunk_size=1):  # the default would wait for 512 bytes
        name, _, value = line.partition(b": ")
        if name == b"id":
            id = value.decode()
        elif name == b"data":
            yield id, json.loads(value)


def show(response: requests.Response, pieces: float = float("inf")) -> str:
    """Print a reply, or so many pieces of it, and return the id of the last event.

    Raises `RuntimeError` where the reply fails, or is cut off.
    """
    for id, event in events(response):
        if event["type"] == "chunk":
            print(event["content"], end="", flush=True)
            pieces -= 1
        elif event["type"] == "end":
            print(f"\n[{event['model']}, {event['finish_reason']}]\n")
        elif event["type"] == "error":
            raise RuntimeError(f"{event['code']}: {event['error']}")
        if pieces == 0 or event["type"] == "end":
            return id
    raise RuntimeError("the stream was cut off")


def main() -> None:
    with requests.Session() as session:
        sign_in(session)
        begun = session.post(f"{SERVER}/api/v1/conversations", json={"title": "Water"})
        here = begun.json()["id"]

        # Whoever sends this again with the same key joins the same run, and pays for it once.
        once = {"Idempotency-Key": secrets.token_urlsafe()}
        said = {"message": "What is a sluice?", "conversation_id": here}
        with session.post(STREAM, json=said, headers=once, stream=True, timeout=TIMEOUT) as reply:
            seen = show(reply, pieces=20)
        print("\n[the connection is lost here]")
        back = {"Last-Event-ID": seen}
        with session.post(STREAM, json=said, headers=back, stream=True, timeout=TIMEOUT) as rest:
            show(rest)

        stored = session.get(f"{SERVER}/api/v1/conversations/{here}/messages").json()["items"]
        for message in stored:
            print(f"{message['role']}: {len(message['content'])} characters, {message['status']}")
        session.delete(f"{SERVER}/api/v1/auth/me").raise_for_status()


if __name__ == "__main__":
    main()
