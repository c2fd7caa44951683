"""The chat dialect in the real application: its stream, its JSON, and the sessions behind them."""

from typing import Any

import pytest

from tests.transports.driver import Local, frames, started

STREAM = "/api/chat/stream"
WHOLE = "/api/chat"
SESSIONS = "/api/chat/sessions/"
QUICK = "demo/n=3,delay=0ms"
SLOW = "demo/n=3,first=0ms,delay=60s"
BROWSER = {"origin": "http://localhost:3000"}


def ask(session: str | None = None, model: str = QUICK, **more: Any) -> dict[str, Any]:
    return {"message": "one two three", "model": model, "session_id": session, **more}


async def test_a_stream_has_tokens_and_a_completion_and_nothing_else():
    async with started() as local:
        answer = await local.ask(STREAM, ask("s-1")).over()
    *tokens, end = answer.events
    assert [token["count"] for token in tokens] == [1, 2, 3]
    assert end["full_response"] == tokens[-1]["partial"]
    assert (end["done"], end["session_id"], end["user"]) == (True, "s-1", "anonymous")
    assert answer.headers["x-session-id"] == "s-1"
    assert b"[DONE]" not in answer.body
    ids = [id for id, _ in frames(answer.body)]
    assert ids == [f"{answer.run_id}:{seq}" for seq in (2, 3, 4, 6)]


async def test_a_get_reads_its_query_and_declines_the_text_so_far():
    async with started() as local:
        answer = await local.ask(f"{STREAM}?message=hi&model={QUICK}&partial=false").over()
    assert [set(event) for event in answer.events[:-1]] == [{"token", "count"}] * 3
    assert answer.events[-1]["done"] is True


async def test_a_whole_answer_is_json():
    async with started() as local:
        answer = await local.ask(WHOLE, ask("s-1")).over()
    assert answer.status == 200
    assert set(answer.json) == {
        "response", "session_id", "tokens", "duration", "tokens_per_second", "user", "timestamp",
        "finish_reason", "model",
    }  # fmt: skip
    assert (answer.json["session_id"], answer.headers["x-session-id"]) == ("s-1", "s-1")


REFUSED: list[tuple[object, int, str, str]] = [
    (b"{}", 400, "invalid_request", "message"),
    ({"message": " "}, 400, "invalid_request", "message"),
    ({"message": "hi", "session_id": "a b"}, 400, "invalid_request", "session_id"),
    (b"{", 400, "invalid_request", ""),
]


@pytest.mark.parametrize("path", [STREAM, WHOLE])
@pytest.mark.parametrize(("body", "status", "code", "field"), REFUSED)
async def test_a_refusal_names_its_field_and_its_code(
    path: str, body: object, status: int, code: str, field: str
):
    async with started() as local:
        answer = await local.ask(path, body, method="POST").over()
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["error"].startswith(field)
    assert set(answer.json) == {"error", "code"}


async def test_a_bad_token_is_no_stranger():
    async with started() as local:
        bearer = {"authorization": "Bearer no-good"}
        for path in (STREAM, WHOLE):
            answer = await local.ask(path, ask(), headers=bearer).over()
            assert (answer.status, answer.json["code"]) == (401, "unauthorized")


async def test_the_limits_of_the_stream_and_of_json_are_separate():
    async with started(rate_limit_enabled=True) as local:
        streams = [(await local.ask(STREAM, ask()).over()).status for _ in range(32)]
        wholes = [(await local.ask(WHOLE, ask()).over()).status for _ in range(2)]
        elsewhere = await local.ask(STREAM, ask(), client="127.0.0.2").over()
    assert streams == [200] * 30 + [429] * 2
    assert wholes == [200] * 2
    assert elsewhere.status == 200


async def said(local: Local, session: str, **options: Any) -> int:
    """How many tokens the demo was asked with: it counts the words that it gets."""
    answer = await local.ask(WHOLE, ask(session), **options).over()
    run = await local.ask(f"/api/v1/runs/{answer.run_id}").over()
    return run.json["tokens"]["prompt"]


async def test_a_session_remembers_and_what_is_forgotten_is_gone():
    async with started() as local:
        first, second = await said(local, "s"), await said(local, "s")
        shown = await local.ask(SESSIONS + "s").over()
        gone = await local.ask(SESSIONS + "s", method="DELETE").over()
        missing = await local.ask(SESSIONS + "s").over()
        again = await said(local, "s")
    assert first == again < second
    assert (shown.json["session_id"], shown.json["messages"]) == ("s", 4)
    assert gone.json == {"success": True, "message": "Session deleted"}
    assert (missing.status, missing.json["code"]) == (404, "not_found")
    assert set(missing.json) == {"error", "code"}


async def test_a_session_that_we_have_named_is_known_to_whoever_knows_the_name():
    async with started() as local:
        first = await local.ask(WHOLE, {"message": "hi", "model": QUICK}).over()
        name = first.json["session_id"]
        shown = await local.ask(SESSIONS + name, client="127.0.0.9", headers=BROWSER).over()
    assert shown.json["messages"] == 2


async def test_two_strangers_who_choose_one_name_do_not_meet():
    async with started() as local:
        mine = await said(local, "default")
        assert mine == await said(local, "default", client="127.0.0.2")
        assert mine == await said(local, "default", headers=BROWSER)
        browser = local.ask(WHOLE, ask("default"), headers=BROWSER)
        cookie = (await browser.over()).headers["set-cookie"].partition(";")[0]
        again = await said(local, "default", headers={**BROWSER, "cookie": cookie})
        assert again > mine
        missing = await local.ask(SESSIONS + "default", method="DELETE", client="127.0.0.3").over()
    assert missing.status == 404


async def test_the_second_message_in_a_session_waits_its_turn():
    async with started() as local:
        first = local.ask(STREAM, ask("s", SLOW))
        await first.until(b'"token"')
        second = local.ask(STREAM, ask("s"))
        (run,) = local.engine.runs()
        assert second.status == 0
        await local.ask(f"/api/v1/runs/{run.id}/cancel", method="POST").over()
        await second.over()
        await first.over()
    assert first.events[-1]["finish_reason"] == "cancelled"
    assert second.events[-1]["finish_reason"] == "stop"


async def test_to_forget_a_session_stops_what_runs_in_it():
    async with started() as local:
        stream = local.ask(STREAM, ask("s", SLOW))
        await stream.until(b'"token"')
        gone = await local.ask(SESSIONS + "s", method="DELETE").over()
        await stream.over()
        assert local.engine.live == 0
    assert gone.status == 200
    assert stream.events[-1]["finish_reason"] == "cancelled"


async def test_who_comes_back_reads_on_where_it_was():
    async with started() as local:
        whole = await local.ask(STREAM, ask("s")).over()
        seen = {"last-event-id": f"{whole.run_id}:2"}
        rest = await local.ask(STREAM, ask("s"), headers=seen).over()
        all_of_it = {"last-event-id": f"{whole.run_id}:6"}
        nothing = await local.ask(STREAM, ask("s"), headers=all_of_it).over()
    assert rest.events == whole.events[1:]
    assert nothing.status == 204
