"""curl, as people have it in their scripts."""

import json
import re
from typing import Any

import pytest

from sluice.providers.recital import HARD
from tests.clients.running import Done, run
from tests.conftest import Running, Serve, free_port

pytestmark = pytest.mark.clients

STREAM = "/api/v1/query/stream"
CHAT_GET = "/api/stream/chat-get"
QUICK = {"query": "What is a sluice?", "model": "demo/n=8,delay=1ms"}
JSON = ("-H", "Content-Type: application/json")


async def curl(*arguments: str, check: bool = True) -> Done:
    return await run("curl", "-sS", "-N", *arguments, check=check)


async def post(url: str, body: dict[str, Any], *arguments: str) -> Done:
    return await curl(url, *JSON, "-d", json.dumps(body), *arguments)


def events(done: Done) -> list[tuple[str, dict[str, Any]]]:
    """The id and the data of each event, read as by `grep`, a line at a time."""
    ids = re.findall(r"^id: (.*)$", done.out, re.MULTILINE)
    data = re.findall(r"^data: (\{.*)$", done.out, re.MULTILINE)
    return [(id, json.loads(one)) for id, one in zip(ids, data, strict=True)]


async def test_a_stream_is_one_json_document_a_line_on_every_port(serve: Serve):
    second = free_port()
    first = serve("--port", str(second)).port
    for port in (first, second):
        done = await post(f"http://localhost:{port}{STREAM}", QUICK)

        kinds = [event["type"] for _, event in events(done)]
        assert kinds == ["start", *["content"] * 8, "end"]
        assert done.out.endswith("data: [DONE]\n\n")


async def test_a_stream_resumes_after_the_id_that_curl_names(server: Running):
    whole = events(await post(server.url + STREAM, QUICK))
    rest = await post(server.url + STREAM, QUICK, "-H", f"Last-Event-ID: {whole[5][0]}")

    assert events(rest) == whole[6:]


async def test_a_question_goes_in_query_parameters(server: Running):
    done = await curl(
        "-G", server.url + CHAT_GET,
        "--data-urlencode", "user_input=Xin chào, Huế?",
        "--data-urlencode", "provider=demo",
        "--data-urlencode", "model=demo/delay=0ms",
    )  # fmt: skip

    said = "".join(event.get("chunk", "") for _, event in events(done))
    assert "> Xin chào, Huế?" in said
    assert events(done)[-1][1]["done"] is True


async def test_after_the_last_event_there_is_no_content(server: Running):
    whole = events(await post(server.url + STREAM, QUICK))
    query = f"?last_event_id={whole[-1][0]}"
    for arguments in (
        (server.url + STREAM, *JSON, "-d", "{}", "-H", f"Last-Event-ID: {whole[-1][0]}"),
        (server.url + CHAT_GET + query,),
    ):
        done = await curl(*arguments, "-w", "%{http_code}")
        assert done.out == "204"


async def test_a_run_that_nobody_knows_is_gone(server: Running):
    done = await curl(
        server.url + CHAT_GET, "-H", "Last-Event-ID: nobody:3", "-w", "\n%{http_code}"
    )

    body, status = done.out.split("\n")
    assert (status, json.loads(body)["code"]) == ("410", "run_expired")


async def test_fail_with_body_is_of_use(server: Running):
    done = await curl(
        server.url + STREAM, *JSON, "-d", '{"query":" "}', "--fail-with-body", check=False
    )

    assert done.code == 22
    assert json.loads(done.out)["code"] == "invalid_request"


async def test_every_hard_character_arrives(server: Running):
    body = {"query": "?", "model": "demo/text=unicode,delay=0ms"}
    done = await post(server.url + STREAM, body)

    assert "".join(event.get("chunk", "") for _, event in events(done)) == "".join(HARD)
