"""The programs in `examples/` work as they stand, against a real server."""

import json
import sys
from pathlib import Path

import pytest

from tests.clients.running import run
from tests.conftest import Running, Serve

pytestmark = pytest.mark.clients

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


async def test_curl_asks_resumes_and_cancels(server: Running):
    done = await run("bash", EXAMPLES / "curl.sh", server.url)

    whole, stream, again, stopped = done.out.split("— ")[1:]
    assert json.loads(whole.split("\n")[1])["finish_reason"] == "stop"
    first, second = stream.count("\nid: "), again.count("\nid: ")
    assert first > 3
    assert second >= first - 1  # all but the first event, and what has been said since
    assert again.split("id: ")[1].partition("\n")[0].endswith(":2")
    receipt = json.loads(stopped.split("\n")[1])
    assert receipt["state"] in {"cancelled", "finished"}
    assert receipt["tokens_used"] > 0


async def test_requests_streams_and_asks_for_the_whole(server: Running):
    done = await run(sys.executable, EXAMPLES / "python_requests.py", server.url)

    assert "> Xin chào! Tiếng Việt có dấu." in done.out
    assert "[demo, " in done.out
    assert "> What is a sluice?" in done.out


async def test_websockets_asks_twice_on_one_connection(server: Running):
    done = await run(sys.executable, EXAMPLES / "python_websockets.py", server.url)

    assert done.out.count("[demo]") == 2
    assert done.out.count("[stop, ") == 2
    assert done.out.index("> What is an async generator?") < done.out.index(
        "> Give me a Python example."
    )


async def test_a_flow_in_a_file_is_served(serve: Serve):
    server = serve(SLUICE_FLOWS=str(EXAMPLES / "flows_file.py"))
    done = await run(
        "curl", "-sSN", f"{server.url}/api/flows/second-opinion/stream",
        "-H", "Content-Type: application/json", "-d", '{"user_input": "Is zero natural?"}',
    )  # fmt: skip

    events = [json.loads(line[6:]) for line in done.out.split("\n") if line.startswith("data: {")]
    assert events[0]["chunk"] == "Asking two models…\n\n"
    assert "Is zero natural?" in "".join(event["chunk"] for event in events)
    assert events[-1]["done"] is True
