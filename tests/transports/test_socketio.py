"""Socket.IO: named events on one connection, over WebSocket and long-polling."""

import asyncio
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as Refused

from tests.transports.driver import until
from tests.transports.socketio_site import QUICK, SLOW, Talker, site

TRANSPORTS = ("websocket", "polling")


def ask(model: str = QUICK, **more: Any) -> dict[str, Any]:
    return {"message": "hi", "model": model, **more}


@pytest.fixture(params=TRANSPORTS)
def over(request: pytest.FixtureRequest) -> str:
    return request.param


async def test_a_message_is_answered_piece_by_piece_and_then_as_a_whole(over: str):
    async with site() as place:
        talker = await place.talk(over)
        await talker.emit("chat_stream", ask(session_id="s-1"))
        (end,) = await talker.until("chat_complete")
        run = place.engine.find(talker.heard("chat_token")[0]["id"].partition(":")[0])
    tokens = talker.heard("chat_token")
    assert [token["count"] for token in tokens] == [1, 2, 3]
    assert [token["id"] for token in tokens] == [f"{run.id}:{seq}" for seq in (2, 3, 4)]
    assert tokens[-1]["partial"] == end["full_response"] == run.text
    assert (end["session_id"], end["user"], end["finish_reason"]) == ("s-1", "anonymous", "stop")
    assert "cancelled" not in end
    assert [name for name, _ in talker.said] == ["chat_token"] * 3 + ["chat_complete"]


async def test_over_websocket_each_message_may_wish_for_its_own_wording():
    async with site() as place:
        talker = await place.talk()
        await talker.emit("chat_stream", ask("demo/n=400,delay=0ms"))
        await talker.until("chat_complete")
        assert len(talker.heard("chat_token")[-1]["partial"]) > 1200
        talker.said.clear()
        await talker.emit("chat_stream", ask(partial=False))
        await talker.until("chat_complete")
    assert all("partial" not in token for token in talker.heard("chat_token"))


async def test_an_acknowledgement_names_the_run_and_its_session(over: str):
    async with site() as place:
        talker = await place.talk(over)
        done = await talker.call("chat_stream", ask())
        (end,) = await talker.until("chat_complete")
        refused = await talker.call("chat_stream", {"message": ""})
        stopped = await talker.call("chat_cancel", {"session_id": "none"})
        again = await talker.call("chat_resume", {"run_id": done["run_id"], "after": 5})
    assert done == {"ok": True, "run_id": done["run_id"], "session_id": end["session_id"]}
    assert refused["code"] == "invalid_request"
    assert stopped == {"ok": True, "session_id": "none"}
    assert again["run_id"] == done["run_id"]


NONSENSE: list[tuple[str, Any]] = [
    ("chat_stream", None),
    ("chat_stream", "hi"),
    ("chat_stream", ["hi"]),
    ("chat_stream", {}),
    ("chat_stream", {"message": 5}),
    ("chat_stream", {"message": " "}),
    ("chat_stream", {"message": "hi", "session_id": "a b"}),
    ("chat_stream", {"message": "\ud83d"}),
    ("chat_stream", {"message": b"bytes"}),
    ("chat_stream", b"bytes"),
    ("chat_stream", {"message": "hi", "model": float("nan")}),
    ("chat_cancel", None),
    ("chat_cancel", {"session_id": 7}),
    ("chat_resume", {"run_id": "r"}),
    ("chat_resume", {"run_id": "r", "after": -1}),
    ("chat_resume", {"run_id": "r", "after": "2"}),
]


async def test_nonsense_gets_an_error_and_the_connection_stays(over: str):
    async with site() as place:
        talker = await place.talk(over)
        for at, (name, payload) in enumerate(NONSENSE, 1):
            await talker.emit(name, payload)
            error = (await talker.until("chat_stream_error", at))[-1]
            assert error["code"] == "invalid_request", (name, payload)
        await talker.emit("chat_stream", ask())
        await talker.until("chat_complete")


async def test_what_is_no_event_of_ours_is_ignored(over: str):
    async with site() as place:
        talker = await place.talk(over)
        for name in ("other", "connect", "disconnect", "chat_token", "message"):
            await talker.emit(name, {"message": "hi"})
        await talker.emit("chat_stream", ask())
        await talker.until("chat_complete")
    assert not talker.heard("chat_stream_error")


async def test_a_cancel_stops_what_runs_in_the_session():
    async with site() as place:
        talker = await place.talk()
        await talker.emit("chat_stream", ask(SLOW, session_id="mine"))
        await talker.emit("chat_stream", ask(SLOW, session_id="other"))
        await talker.until("chat_token", 2)
        await talker.emit("chat_cancel", {"session_id": "mine"})
        (end,) = await talker.until("chat_complete")
        assert len(place.chat.live()) == 1
    assert (end["session_id"], end["finish_reason"], end["cancelled"]) == (
        "mine",
        "cancelled",
        True,
    )
    assert end["full_response"]


async def test_a_cancel_in_the_same_breath_stops_the_run_that_is_about_to_begin():
    async with site() as place:
        talker = await place.talk()
        place.names.gate.clear()
        await talker.emit("chat_stream", ask(SLOW, session_id="mine"))
        await talker.call("chat_cancel", {"session_id": "mine"})
        place.names.gate.set()
        (end,) = await talker.until("chat_complete")
    assert end["cancelled"] is True


async def test_a_stranger_stops_nothing_on_another_connection_but_a_user_does():
    async with site() as place:
        for auth, stopped in (({}, False), ({"token": "good"}, True)):
            one, two = await place.talk(auth=auth), await place.talk(auth=auth)
            await one.emit("chat_stream", ask(SLOW, session_id="same"))
            await one.until("chat_token")
            await two.call("chat_cancel", {"session_id": "same"})
            if stopped:
                await one.until("chat_complete")
            assert bool(one.heard("chat_complete")) is stopped
            assert two.said == []  # and only who asks is answered


async def test_who_comes_back_hears_the_rest_once(over: str):
    async with site(disconnect_grace=30) as place:
        talker = await place.talk(over)
        await talker.emit("chat_stream", ask("demo/n=20,first=0ms,delay=20ms"))
        first = (await talker.until("chat_token", 3))[-1]
        await talker.disconnect()
        heard = talker.heard("chat_token")
        run, _, seq = heard[-1]["id"].rpartition(":")
        assert len(place.chat.live()) == 1
        again = await place.talk(over)
        await again.emit("chat_resume", {"run_id": run, "after": int(seq)})
        (end,) = await again.until("chat_complete")
    rest = again.heard("chat_token")
    assert [token["count"] for token in heard + rest] == list(range(1, 21))
    assert rest[-1]["partial"] == end["full_response"]
    assert end["full_response"].startswith(first["partial"])


async def test_a_run_that_has_ended_can_be_heard_again_by_whoever_knows_its_id():
    async with site(rate=1) as place:
        talker = await place.talk()
        done = await talker.call("chat_stream", ask())
        await talker.until("chat_complete")
        again = await place.talk()
        await again.emit(
            "chat_resume", {"run_id": done["run_id"], "after": 0}
        )  # and is not counted
        await again.until("chat_complete")
    assert again.said == talker.said


LOST: list[tuple[dict[str, Any], str]] = [
    ({"run_id": "unknown", "after": 0}, "run_expired"),
    ({"run_id": "", "after": 0}, "invalid_request"),
]


@pytest.mark.parametrize(("payload", "code"), LOST)
async def test_what_cannot_be_resumed_is_said(payload: dict[str, Any], code: str):
    async with site() as place:
        talker = await place.talk()
        await talker.emit("chat_resume", payload)
        (error,) = await talker.until("chat_stream_error")
    assert error["code"] == code


async def test_nobody_else_resumes_a_users_run():
    async with site() as place:
        user = await place.talk(auth={"token": "good"})
        done = await user.call("chat_stream", ask())
        stranger = await place.talk()
        await stranger.emit("chat_resume", {"run_id": done["run_id"], "after": 0})
        (error,) = await stranger.until("chat_stream_error")
    assert error["code"] == "run_expired"


@pytest.mark.parametrize(("grace", "live"), [(0, 0), (30, 1)])
async def test_a_run_outlives_its_connection_by_its_grace(over: str, grace: float, live: int):
    async with site(disconnect_grace=grace) as place:
        talker = await place.talk(over)
        await talker.emit("chat_stream", ask(SLOW))
        await talker.until("chat_token")
        (run,) = place.chat.live()
        await talker.disconnect()
        await until(lambda: run.followers == 0)
        if not live:
            await place.idle()
        assert len(place.chat.live()) == live


async def test_a_client_that_leaves_while_its_run_begins_leaves_nothing_behind():
    async with site(disconnect_grace=0) as place:
        talker = await place.talk()
        place.names.gate.clear()
        await talker.emit("chat_stream", ask(QUICK))
        await until(lambda: place.names.beginning == 1)
        await talker.disconnect()
        place.names.gate.set()
        await until(lambda: place.names.beginning == 0)
        await place.idle()


async def test_sixteen_answers_at_once_and_one_more_is_refused():
    async with site() as place:
        talker = await place.talk()
        for _ in range(16):
            await talker.emit("chat_stream", ask(SLOW))
        await talker.until("chat_token", 16)
        refused = await talker.call("chat_stream", ask(SLOW))
        assert len(place.chat.live()) == 16
    assert refused["code"] == "overloaded"


async def test_both_ways_to_ask_share_one_count(over: str):
    async with site(rate=2) as place:
        talker = await place.talk(over)
        await talker.emit("chat_stream", ask())
        await talker.until("chat_complete")
        async with place.http.post(f"{place.url}/api/chat/stream", json=ask()) as answer:
            assert answer.status == 200
        await talker.emit("chat_stream", ask())
        (error,) = await talker.until("chat_stream_error")
    assert error["code"] == "rate_limited"


async def test_a_failure_is_told_and_the_connection_goes_on(over: str):
    async with site() as place:
        talker = await place.talk(over)
        await talker.emit("chat_stream", ask("demo/fail=provider_timeout@1,delay=0ms"))
        (error,) = await talker.until("chat_stream_error")
        await talker.emit("chat_stream", ask())
        await talker.until("chat_complete")
    assert error["code"] == "provider_timeout"


async def test_a_token_in_the_connections_auth_says_who_asks(over: str):
    async with site() as place:
        place.door.answer.set()
        for token in ("good", "slow"):
            talker = await place.talk(over, auth={"token": token})
            await talker.emit("chat_stream", ask())
            (end,) = await talker.until("chat_complete")
            assert end["user"] == "lan"
        header = await place.talk(over, headers={"Authorization": "Bearer good"})
        await header.emit("chat_stream", ask())
        (end,) = await header.until("chat_complete")
    assert end["user"] == "lan"


BAD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"auth": {"token": "bad"}}, {}),
    ({"auth": {"token": ""}}, {}),
    ({"auth": {"token": 7}}, {}),
    ({"headers": {"Authorization": "Bearer bad"}}, {}),
    ({}, {"allow_anonymous": False}),
]


@pytest.mark.parametrize(("options", "given"), BAD)
async def test_who_is_not_let_in_is_told_why(
    over: str, options: dict[str, Any], given: dict[str, Any]
):
    async with site(**given) as place:
        talker = Talker()
        told = asyncio.Queue[Any]()
        talker.on("connect_error", told.put_nowait)
        with pytest.raises(Refused):
            await talker.connect(place.url, transports=[over], **options)
        error = await told.get()
        await talker.shutdown()
    assert error["data"]["code"] == "unauthorized"


async def test_good_auth_makes_up_for_a_header_that_is_no_good():
    async with site() as place:
        talker = await place.talk(headers={"Authorization": "Bearer bad"}, auth={"token": "good"})
        await talker.emit("chat_stream", ask())
        (end,) = await talker.until("chat_complete")
    assert end["user"] == "lan"


async def test_who_is_no_longer_let_in_is_told_and_the_run_has_its_grace(over: str):
    async with site(disconnect_grace=30) as place:
        talker = await place.talk(over, auth={"token": "good"})
        left = asyncio.Event()
        talker.on("disconnect", lambda reason: left.set())
        await talker.emit("chat_stream", ask(SLOW))
        await talker.until("chat_token")
        (run,) = place.chat.live()
        place.door.lapse()
        (error,) = await talker.until("chat_stream_error")
        await left.wait()
        await until(lambda: run.followers == 0)
        assert (place.chat.live(), place.door.watched) == ([run], [])
    assert error["code"] == "unauthorized"
