"""The WebSocket: one connection, any number of questions, in their order."""

import pytest

from tests.transports.driver import Local, Socket, started, until

SLOW = "demo/n=3,first=0ms,delay=60s"
QUICK = "demo/n=3,delay=0ms"


def ask(id: object = None, model: str = QUICK, query: str = "hi") -> dict[str, object]:
    return {"query": query, "model": model, "id": id}


async def test_a_question_is_answered_in_the_words_of_the_stream():
    async with started() as local:
        socket = local.connect()
        socket.say(ask())
        await socket.until("end")
    assert [word["type"] for word in socket.said] == ["start", *["content"] * 3, "end"]
    assert all("id" not in word for word in socket.said)


@pytest.mark.parametrize("id", ["q", 0, 7, "", "Việt"])
async def test_every_message_repeats_the_id_of_its_question(id: object):
    async with started() as local:
        socket = local.connect()
        socket.say(ask(id))
        await socket.until("end")
    assert [word["id"] for word in socket.said] == [id] * 5


async def test_questions_are_answered_one_after_another_in_their_order():
    async with started() as local:
        socket = local.connect()
        for number in range(5):
            socket.say(ask(number, "demo/n=3,delay=1ms"))
        await socket.until("end", 5)
    assert [word["id"] for word in socket.said] == [n for n in range(5) for _ in range(5)]


async def test_sixteen_wait_and_one_more_is_refused():
    async with started() as local:
        socket = local.connect()
        for number in range(18):
            socket.say(ask(number, SLOW))
        (error,) = await socket.until("error")
        socket.say(ask("late", SLOW))
        await socket.until("error", 2)
        assert local.engine.live <= 1
    assert error["code"] == "overloaded"
    assert [word["id"] for word in socket.said if word["type"] == "start"] == [0]


async def test_what_waits_is_bounded_in_bytes_too():
    async with started() as local:
        socket = local.connect()
        socket.say(ask(0, SLOW))
        await socket.until("start")
        socket.say(ask(1, query="x" * 700_000))
        socket.say(ask(2, query="x" * 700_000))
        (error,) = await socket.until("error")
    assert error["code"] == "overloaded"


async def test_a_cancel_stops_the_running_question_and_the_next_begins():
    async with started() as local:
        socket = local.connect()
        socket.say(ask("slow", SLOW))
        socket.say(ask("next"))
        await socket.until("content")
        socket.say({"type": "cancel"})
        first, second = await socket.until("end", 2)
    assert (first["id"], first["finish_reason"]) == ("slow", "cancelled")
    assert first["full_response"]
    assert (second["id"], second["finish_reason"]) == ("next", "stop")


async def test_a_cancel_in_the_same_breath_stops_the_question_that_is_about_to_begin():
    async with started() as local:
        socket = local.connect()
        socket.say(ask("slow", SLOW))
        socket.say({"type": "cancel"})
        socket.say(ask("next"))
        first, second = await socket.until("end", 2)
    assert (first["id"], first["finish_reason"]) == ("slow", "cancelled")
    assert (second["id"], second["finish_reason"]) == ("next", "stop")


async def test_a_cancel_with_nothing_to_stop_says_nothing_and_stops_nothing_later():
    async with started() as local:
        socket = local.connect()
        socket.say({"type": "cancel"})
        socket.say({"type": "cancel", "query": "not a question"})
        socket.say(ask())
        (end,) = await socket.until("end")
    assert end["finish_reason"] == "stop"
    assert [word["type"] for word in socket.said].count("start") == 1


NONSENSE = ["{", "", "[]", "null", '"text"', '{"query":""}', '{"query":" "}', '{"type":"other"}']


@pytest.mark.parametrize("text", NONSENSE)
async def test_nonsense_gets_an_error_and_the_connection_stays(text: str):
    async with started() as local:
        socket = local.connect()
        socket.say(text)
        (error,) = await socket.until("error")
        socket.say(ask())
        await socket.until("end")
    assert error["code"] == "invalid_request"
    assert isinstance(error["timestamp"], float)


async def test_a_binary_message_gets_an_error_and_the_connection_stays():
    async with started() as local:
        socket = local.connect()
        socket.say_bytes(b'{"query":"hi"}')
        (error,) = await socket.until("error")
        socket.say(ask())
        await socket.until("end")
    assert error["code"] == "invalid_request"


async def test_a_question_that_is_refused_repeats_its_id_and_holds_nobody_up():
    async with started(openai_api_key="k") as local:
        socket = local.connect()
        socket.say(ask("odd", "nobody/x"))
        socket.say(ask("fine"))
        await socket.until("end")
        (error,) = await socket.until("error")
    assert (error["id"], error["code"]) == ("odd", "model_not_found")


async def test_earlier_turns_are_the_context_of_later_ones():
    async with started() as local:
        socket = local.connect()
        socket.say(ask(query="one two three"))
        (first,) = await socket.until("end")
        socket.say(ask(query="four"))
        (_, second) = await socket.until("end", 2)
        other = local.connect()
        other.say(ask(query="four"))
        (alone,) = await other.until("end")
    said = len(first["full_response"].split())
    assert alone["tokens_used"] == 1 + 3
    assert second["tokens_used"] == 3 + said + 1 + 3  # the demo counts words


async def test_closing_cancels_what_runs_and_what_waits():
    async with started(disconnect_grace=60) as local:
        socket = local.connect()
        socket.say(ask(1, SLOW))
        socket.say(ask(2, SLOW))
        await socket.until("content")
        run = next(iter(local.engine._live.values()))
        socket.close()
        await socket.task
        await local.idle()
    assert run.ending.reason == "cancelled"
    assert len([word for word in socket.said if word["type"] == "start"]) == 1


async def test_closing_leaves_a_run_that_somebody_else_follows():
    async with started(disconnect_grace=60) as local:
        socket = local.connect()
        socket.say(ask(1, "demo/n=5,first=0ms,delay=20ms"))
        await socket.until("content")
        run = next(iter(local.engine._live.values()))
        other = local.ask(
            "/api/v1/query/stream", {"query": "x"}, headers={"last-event-id": f"{run.id}:1"}
        )
        await until(lambda: run.followers == 2)
        socket.close()
        await socket.task
        await other.over()
    assert other.events[-1]["finish_reason"] == "stop"


async def test_closing_leaves_a_run_in_the_background():
    async with started(disconnect_grace=0) as local:
        socket = local.connect()
        socket.say({**ask(1, "demo/n=5,first=0ms,delay=10ms"), "background": True})
        await socket.until("content")
        run = next(iter(local.engine._live.values()))
        socket.close()
        await socket.task
        await local.idle()
    assert run.ending.reason == "stop"


async def test_a_failure_is_told_and_the_connection_goes_on():
    async with started() as local:
        socket = local.connect()
        socket.say(ask(1, "demo/fail=provider_timeout@1,delay=0ms"))
        (error,) = await socket.until("error")
        socket.say(ask(2))
        await socket.until("end")
    assert (error["id"], error["code"]) == (1, "provider_timeout")


async def test_every_hard_character_arrives_as_it_was_said():
    model = "demo/text=unicode,delay=0ms"
    async with started() as local:
        whole = await local.ask("/api/v1/query", {"query": "x", "model": model}).over()
        socket = local.connect()
        socket.say(ask(1, model))
        (end,) = await socket.until("end")
    chunks = "".join(word["chunk"] for word in socket.said if word["type"] == "content")
    assert chunks == end["full_response"] == whole.json["response"]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [((), None), (("bearer", "TOKEN"), "bearer"), (("chat",), None)],
)
async def test_a_bearer_may_come_as_a_subprotocol(offered: tuple[str, ...], chosen: str | None):
    async with started() as local:
        token = await local.member()
        socket = local.connect(
            subprotocols=tuple(token if one == "TOKEN" else one for one in offered)
        )
        await answered(local, socket)
    assert socket.subprotocol == chosen


async def test_a_bad_bearer_opens_no_connection():
    async with started() as local:
        socket = local.connect(subprotocols=("bearer", "nonsense"))
        await socket.task
    assert socket.closed == 1008


async def answered(local: Local, socket: Socket) -> None:
    socket.say(ask())
    await socket.until("end")
    assert local.engine.live == 0


async def test_where_strangers_are_not_welcome_each_question_is_refused():
    async with started(allow_anonymous=False) as local:
        socket = local.connect()
        socket.say(ask(1))
        (error,) = await socket.until("error")
    assert (error["code"], error["id"]) == ("unauthorized", 1)
