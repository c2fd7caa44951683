"""A message over Socket.IO. usage: python_socketio.py [SERVER]

Needs `python-socketio[asyncio_client]`.
"""

import asyncio
import sys
from typing import Any

import socketio

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"


async def main() -> None:
    client = socketio.AsyncClient()
    ended: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    @client.on("chat_token")
    async def hear(token: dict[str, Any]) -> None:
        print(token["token"], end="", flush=True)

    @client.on("chat_complete")
    async def finish(end: dict[str, Any]) -> None:
        ended.set_result(end)

    @client.on("chat_stream_error")
    async def fail(error: dict[str, Any]) -> None:
        ended.set_exception(RuntimeError(f"{error['code']}: {error['error']}"))

    await client.connect(SERVER)  # with an account: auth={"token": ...}
    try:
        question = {"message": "What is a sluice?", "partial": False}
        begun = await client.call("chat_stream", question)
        if not begun.get("ok"):
            raise RuntimeError(f"{begun['code']}: {begun['error']}")
        end = await ended
        print(f"\n[{end['model']}, {end['tokens']} tokens, session {end['session_id']}]")
    finally:
        await client.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
