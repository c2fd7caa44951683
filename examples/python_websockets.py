"""Two questions over one WebSocket of the query dialect. usage: python_websockets.py [SERVER]"""

import asyncio
import json
import sys

from websockets.asyncio.client import ClientConnection, connect

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"


async def ask(connection: ClientConnection, question: str) -> None:
    """Ask, and print the answer as it arrives. Raises `RuntimeError` where it fails."""
    await connection.send(json.dumps({"query": question}))
    async for message in connection:
        event = json.loads(message)
        kind = event["type"]
        if kind == "start":
            print(f"[{event['model']}]")
        elif kind == "content":
            print(event["chunk"], end="", flush=True)
        elif kind == "end":
            print(f"\n[{event['finish_reason']}, {event['tokens_used']} tokens]\n")
            return
        elif kind == "error":
            raise RuntimeError(f"{event['code']}: {event['error']}")


async def main() -> None:
    address = SERVER.replace("http", "ws", 1) + "/api/v1/query/ws"
    async with connect(address) as connection:
        await ask(connection, "What is an async generator?")
        await ask(connection, "Give me a Python example.")  # of what, the connection remembers


if __name__ == "__main__":
    asyncio.run(main())
