"""The `aiohttp` client that Python programs of this API have.

    interaction_client.py SERVER TOKEN MESSAGE

Prints each event as a JSON document a line.
"""

import asyncio
import json
import sys

import aiohttp


async def stream_conversation(base_url, token, message, interaction_id=None):
    url = f"{base_url}/api/stream/stream-conversation"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = {
        "message": message,
        "interaction_id": interaction_id,
        "media_files": [],
        "max_tokens": 5000,
    }

    async with (
        aiohttp.ClientSession() as session,
        session.post(url, headers=headers, json=data) as response,
    ):
        async for raw in response.content:
            line = raw.decode("utf-8").strip()
            if line.startswith("data: "):
                event = json.loads(line[6:])
                print(json.dumps(event))
                if event["type"] == "complete":
                    return
                if event["type"] == "error":
                    raise Exception(event["error"])


asyncio.run(stream_conversation(sys.argv[1], sys.argv[2], sys.argv[3]))
