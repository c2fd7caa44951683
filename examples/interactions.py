"""Talks in an interaction with `aiohttp`. usage: interactions.py [SERVER]

Registers a guest, asks twice in one interaction, and shows what it cost.
"""

import asyncio
import json
import secrets
import sys
from typing import Any

import aiohttp

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"


async def sign_in(session: aiohttp.ClientSession) -> None:
    """Register a guest, and let every later request carry its token."""
    name, password = f"guest-{secrets.token_hex(6)}", secrets.token_urlsafe()
    account = {"username": name, "email": f"{name}@example.com", "password": password}
    async with session.post("/api/v1/auth/register", json=account) as response:
        response.raise_for_status()
    login = {"username": name, "password": password}
    async with session.post("/api/v1/auth/login", json=login) as response:
        response.raise_for_status()
        token = (await response.json())["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"


async def say(session: aiohttp.ClientSession, message: str, place: str | None = None) -> str:
    """Print a reply as it arrives, and return the interaction's id.

    Raises `RuntimeError` where the reply is refused, fails, or is cut off.
    """
    print(f"> {message}")
    body: dict[str, Any] = {"message": message, "interaction_id": place}
    async with session.post("/api/stream/stream-conversation", json=body) as response:
        if response.status != 200:
            refused = await response.json()
            raise RuntimeError(f"{refused['code']}: {refused['detail']}")
        async for line in response.content:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            if event["type"] == "metadata":
                place = event["interaction_id"]
            elif event["type"] == "token":
                print(event["content"], end="", flush=True)
            elif event["type"] == "complete":
                print(f"\n[{event['tokens_used']} tokens, {event['points_cost']} points]\n")
                assert place is not None
                return place
            elif event["type"] == "error":
                raise RuntimeError(f"{event['code']}: {event['error']}")
    raise RuntimeError("the stream was cut off")


async def main() -> None:
    async with aiohttp.ClientSession(SERVER) as session:
        await sign_in(session)
        place = await say(session, "What is a sluice?")
        await say(session, "And a lock?", place)
        async with session.get("/api/v1/points") as response:
            print(f"{(await response.json())['balance']} points are left.")


if __name__ == "__main__":
    asyncio.run(main())
