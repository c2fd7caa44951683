"""JSON answers, and what is refused before there is a run, in either dialect."""

from typing import Any

import pytest

from tests.transports.conftest import Shared
from tests.transports.driver import Local, started, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERY = "/api/v1/query"
FLOW = "/api/flows/ask"
GENERATING = [
    (QUERY, "query"),
    ("/api/v1/query/stream", "query"),
    ("/api/stream/chat", "user_input"),
    (FLOW, "user_input"),
    ("/api/flows/ask/stream", "user_input"),
]
paths = pytest.mark.parametrize(("path", "field"), GENERATING)


async def test_a_query_is_answered_whole():
    async with started() as local:
        exchange = await local.ask(QUERY, {"query": "hi", "model": "demo/n=4,delay=1ms"}).over()
    answer = exchange.json

    assert exchange.status == 200
    assert exchange.headers["content-type"] == "application/json"
    assert exchange.headers["x-run-id"]
    assert answer.pop("processing_time") > 0
    text = answer.pop("full_response")
    assert answer == {
        "response": text,
        "model_used": "demo",
        "tokens_used": 5,
        "finish_reason": "stop",
    }


async def test_a_flow_is_answered_whole():
    async with started() as local:
        body = {"user_input": "hi", "model": "demo/n=4,delay=0ms"}
        exchange = await local.ask(FLOW, body).over()
    assert {name: exchange.json[name] for name in ("provider", "model", "tokens")} == {
        "provider": "demo",
        "model": "demo",
        "tokens": 5,
    }
    assert exchange.json["response"]


FAILURES = [
    ("provider_auth", 502),
    ("provider_bad_response", 502),
    ("content_filtered", 502),
    ("context_too_long", 502),
    ("invalid_request", 502),
    ("provider_not_configured", 503),
    ("provider_rate_limited", 503),
    ("provider_unavailable", 503),
    ("provider_timeout", 504),
    ("internal", 500),
]


@pytest.mark.parametrize(("code", "status"), FAILURES)
@pytest.mark.parametrize("after", [0, 2])
async def test_a_failure_is_a_servers_whenever_it_comes(code: str, status: int, after: int):
    async with started(retries=0) as local:
        body = {"query": "hi", "model": f"demo/fail={code}@{after},delay=0ms"}
        exchange = await local.ask(QUERY, body).over()
    assert (exchange.status, exchange.json["code"]) == (status, code)
    assert exchange.headers["x-run-id"]


async def test_a_client_that_leaves_cancels_at_once_however_long_the_grace():
    async with started(disconnect_grace=60) as local:
        exchange = local.ask(QUERY, {"query": "hi", "model": "demo/n=3,first=0ms,delay=60s"})
        run = await first_run(local)
        await until(lambda: run.text)
        exchange.leave()
        await exchange.over()
        await local.idle()

    assert (exchange.status, exchange.sends) == (0, [])
    assert run.ending.reason == "cancelled"


async def first_run(local: Local) -> Any:
    await until(lambda: local.engine.live)
    return next(iter(local.engine._live.values()))


async def test_a_run_cancelled_by_somebody_else_is_still_answered():
    async with started() as local:
        exchange = local.ask(QUERY, {"query": "hi", "model": "demo/n=3,first=0ms,delay=60s"})
        run = await first_run(local)
        await until(lambda: run.text)
        await local.ask(f"/api/v1/runs/{run.id}/cancel", method="POST").over()
        await exchange.over()
    assert (exchange.status, exchange.json["finish_reason"]) == (200, "cancelled")
    assert exchange.json["response"] == run.text


async def test_an_answer_whose_log_has_to_go_at_once_is_refused_in_words():
    async with started(log_memory=5000) as local:
        model = "demo/n=100,delay=0ms,stall=60s@35"  # its live log leaves little room
        held = local.ask("/api/v1/query/stream", {"query": "hi", "model": model})
        await held.until(b":36\n")
        exchange = await local.ask(QUERY, {"query": "hi", "model": "demo/n=3,delay=0ms"}).over()
    assert (exchange.status, exchange.json["code"]) == (410, "run_expired")


BODIES: list[tuple[bytes, str, int, str]] = [
    (b"{", "application/json", 400, "invalid_request"),
    (b"", "application/json", 400, "invalid_request"),
    (b"\xff", "application/json", 400, "invalid_request"),
    (b'{"FIELD":"a"}', "text/plain", 415, "unsupported_media_type"),
    (b'{"FIELD":"a"}', "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    (b'{"FIELD":"a"}', "", 415, "unsupported_media_type"),
    (b'{"FIELD":"a"}', "application/jsonp", 415, "unsupported_media_type"),
    (b'{"FIELD":"' + b"a" * 2000 + b'"}', "application/json", 413, "payload_too_large"),
    (b"[]", "application/json", 422, "invalid_request"),
    (b"{}", "application/json", 422, "invalid_request"),
    (b'{"FIELD":"a","model":"nobody/x"}', "application/json", 422, "model_not_found"),
    (b'{"FIELD":"a","model":"demo/x=1"}', "application/json", 422, "invalid_request"),
]


@paths
@pytest.mark.parametrize(("body", "kind", "status", "code"), BODIES)
async def test_what_is_refused_has_its_status_and_code(
    shared: Shared, path: str, field: str, body: bytes, kind: str, status: int, code: str
):
    local = await shared(body_limit=1000, local_llm_url=None, openai_api_key="k")
    sent = body.replace(b"FIELD", field.encode())
    exchange = await local.ask(path, sent, method="POST", headers={"content-type": kind}).over()
    assert local.engine.live == 0
    assert (exchange.status, exchange.json["code"]) == (status, code)
    assert "x-run-id" not in exchange.headers


@paths
@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
async def test_json_is_json_with_any_parameters(shared: Shared, path: str, field: str, kind: str):
    local = await shared()
    body = {field: "a", "model": "demo/n=1,delay=0ms"}
    exchange = await local.ask(path, body, headers={"content-type": kind}).over()
    assert exchange.status == 200


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_is_refused_by_what_it_says_and_by_what_it_is(declared: bool):
    async with started(body_limit=100) as local:
        headers = {"content-length": "101"} if declared else {}
        body = b"{}" if declared else b"x" * 101
        exchange = await local.ask(QUERY, body, headers=headers).over()
    assert exchange.status == 413


WRONG = [
    ("query", {"query": " "}),
    ("query", {"query": 1}),
    ("temperature", {"query": "a", "temperature": 3}),
    ("max_tokens", {"query": "a", "max_tokens": 0}),
    ("max_tokens", {"query": "a", "max_tokens": 501}),
    ("model", {"query": "a", "model": "demo/n=x"}),
    ("model", {"query": "a", "model": "x" * 300}),
]


@pytest.mark.parametrize(("field", "body"), WRONG)
@pytest.mark.parametrize("path", [QUERY, "/api/v1/query/stream"])
async def test_a_wrong_value_is_refused_by_its_name(
    shared: Shared, path: str, field: str, body: object
):
    local = await shared(max_tokens=500, openai_api_key="k")
    ok = {"max_tokens": 10, **body}  # type: ignore[dict-item]
    exchange = await local.ask(path, ok).over()
    assert exchange.status == 422
    assert exchange.json["detail"][0]["loc"] == ["body", field]


async def test_an_unknown_provider_is_refused_with_the_known_ones():
    async with started(openai_api_key="k") as local:
        body = {"user_input": "a", "provider": "nobody"}
        exchange = await local.ask("/api/stream/chat", body).over()
    assert exchange.status == 422
    for name in ("openai", "gemini", "anthropic", "local"):
        assert name in exchange.json["detail"][0]["msg"]


async def test_a_provider_without_a_key_says_so_in_the_stream():
    async with started(openai_api_key="k") as local:
        body = {"user_input": "a", "provider": "gemini"}
        exchange = await local.ask("/api/stream/chat", body).over()
    assert exchange.status == 200
    assert [event["code"] for event in exchange.events] == ["provider_not_configured"]


async def test_a_flow_that_is_not_there_is_not_found():
    async with started() as local:
        answers = [
            await local.ask("/api/flows/nobody", {"user_input": "a"}).over(),
            await local.ask("/api/flows/nobody/stream", {"user_input": "a"}).over(),
            await local.ask("/api/stream/chat", {"user_input": "a", "flow": "nobody"}).over(),
        ]
    assert [(one.status, one.json["code"]) for one in answers] == [(404, "not_found")] * 3


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        (QUERY, "GET", "POST"),
        ("/api/stream/chat-get", "POST", "GET"),
        (FLOW, "GET", "POST"),
        (FLOW, "DELETE", "POST"),
    ],
)
async def test_a_wrong_method_is_told_the_right_one(
    shared: Shared, path: str, method: str, allowed: str
):
    local = await shared()
    exchange = await local.ask(path, method=method).over()
    assert (exchange.status, exchange.headers["allow"]) == (405, allowed)
    assert exchange.json["code"]


async def test_a_full_server_says_when_to_come_back():
    async with started(max_runs=1) as local:
        held = local.ask("/api/v1/query/stream", {"query": "a", "model": "demo/first=60s"})
        await held.until(b'"start"')
        exchange = await local.ask(QUERY, {"query": "a"}).over()
    assert (exchange.status, exchange.json["code"]) == (503, "overloaded")
    assert int(exchange.headers["retry-after"]) >= 1
