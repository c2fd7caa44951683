"""The chat programs in `examples/` work as they stand, against a real server."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Javascript
from tests.clients.running import run
from tests.conftest import Running

pytestmark = pytest.mark.clients

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


async def test_curl_has_a_session_that_remembers_and_forgets(server: Running):
    done = await run("bash", EXAMPLES / "chat_curl.sh", server.url)

    stream, whole, shown, gone = (part.split("\n", 1)[1] for part in done.out.split("— ")[1:])
    events = [json.loads(line[6:]) for line in stream.split("\n") if line.startswith("data: ")]
    assert events[-1]["done"] is True
    assert json.loads(whole)["session_id"] == events[-1]["session_id"]
    assert json.loads(shown)["messages"] == 4
    assert json.loads(gone) == {"success": True, "message": "Session deleted"}


async def test_python_socketio_prints_an_answer(server: Running):
    done = await run(sys.executable, EXAMPLES / "python_socketio.py", server.url)

    assert "> What is a sluice?" in done.out
    assert "\n[demo, " in done.out


async def test_socketio_client_asks_twice_and_stops_the_second(
    server: Running, node: Path, npm_parts: Path, tmp_path: Path
):
    (tmp_path / "node_modules").symlink_to(npm_parts)
    program = Path(shutil.copy(EXAMPLES / "socketio_client.mjs", tmp_path))
    done = await run(node, program, server.url)

    assert done.out.count("\n> ") >= 1
    assert "\n[stop, " in done.out
    assert done.out.rstrip().split("\n")[-1].startswith("[cancelled, ")


async def test_the_reader_for_react_yields_every_event(server: Running, javascript: Javascript):
    question = json.dumps({"message": "Xin chào", "model": "demo/n=50,delay=1ms"})
    done = await javascript(
        "chat_stream.mjs", EXAMPLES / "react" / "chat_stream.js", server.url, question
    )

    *tokens, end = done.lines
    assert "".join(token["token"] for token in tokens) == end["full_response"]
    assert len(tokens) == 50
