"""The examples of stored conversations work as they stand, against a real server."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Javascript
from tests.clients.person import PASSWORD, signed_in
from tests.clients.running import run
from tests.conftest import Running

pytestmark = pytest.mark.clients

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """What the events are, each kind once in a row."""
    types = [event["type"] for event in events]
    return [kind for at, kind in enumerate(types) if not at or types[at - 1] != kind]


def events_of(part: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in re.findall(r"^data: (.*)$", part, re.MULTILINE)]


async def test_bash_cuts_out_token_and_ids_and_streams(server: Running):
    done = await run("bash", EXAMPLES / "conversations.sh", server.url)

    register, one, two, busy, bad_key, file, leave = done.out.split("— ")[1:]
    assert register.count('"id":"') == 1
    assert kinds(events_of(one)) == ["start", "chunk", "end"]
    both = events_of(two)
    ends = {event["conversation_id"]: event for event in both if event["type"] == "end"}
    starts = [at for at, event in enumerate(both) if event["type"] == "start"]
    first_end = [event["type"] for event in both].index("end")
    assert len(ends) == len(starts) == 2
    assert max(starts) < first_end  # they are written at once
    assert json.loads(busy.strip().split("\n")[-1])["code"] == "conversation_busy"
    assert kinds(events_of(bad_key)) == ["start", "error"]
    assert events_of(bad_key)[-1]["code"] == "provider_auth"
    said = re.findall(r"^## You, .*\n\n(.*)$", file, re.MULTILINE)
    assert said == ["What is a sluice?", "And a lock?", "Tell me more."]
    assert leave.strip().split("\n")[-1] == "204"


async def test_requests_loses_the_connection_and_misses_nothing(server: Running):
    done = await run(sys.executable, EXAMPLES / "conversations.py", server.url)

    before, _, after = done.out.partition("\n[the connection is lost here]\n")
    reply, _, stored = after.partition("\n[demo, stop]\n\n")
    length = len(before + reply)
    assert stored.split("\n")[:2] == [
        "user: 17 characters, complete",
        f"assistant: {length} characters, complete",
    ]


async def test_the_module_talks_in_node(server: Running, javascript: Javascript):
    async with signed_in(server.url) as ann:
        name = (await ann.get("/api/v1/auth/me"))["username"]
        module = EXAMPLES / "conversations.mjs"
        done = await javascript("conversation.mjs", module, server.url, name, PASSWORD)
        listed = (await ann.get("/api/v1/conversations"))["items"]

    assert kinds(done.lines) == ["start", "chunk", "end"] * 2
    assert [one["message_count"] for one in listed] == [4]
