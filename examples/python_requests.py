"""Asks the flows dialect with `requests`. usage: python_requests.py [SERVER]"""

import json
import sys

import requests

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"


def stream(question: str) -> None:
    """Print an answer as it arrives. Raises `RuntimeError` where it fails, or is cut off."""
    with requests.post(
        f"{SERVER}/api/stream/chat",
        json={"user_input": question},
        stream=True,
        timeout=(5, 60),  # seconds to connect, and of silence
    ) as response:
        response.raise_for_status()
        for line in response.iter_lines(chunk_size=1):  # the default would wait for 512 bytes
            if not line.startswith(b"data: "):
                continue  # an id, a blank line, or a comment that keeps the connection alive
            event = json.loads(line.removeprefix(b"data: "))
            if "error" in event:
                raise RuntimeError(f"{event['code']}: {event['error']}")
            if event["done"]:
                print(f"\n[{event['model']}, {event['tokens']} tokens]")
                return
            print(event["chunk"], end="", flush=True)
    raise RuntimeError("the stream was cut off")


def whole(question: str) -> None:
    """Print an answer once it is complete."""
    response = requests.post(
        f"{SERVER}/api/flows/ask", json={"user_input": question}, timeout=(5, 120)
    )
    response.raise_for_status()
    print(response.json()["response"])


if __name__ == "__main__":
    stream("Xin chào! Tiếng Việt có dấu.")
    whole("What is a sluice?")
