"""Socket.IO with clients that do not behave: on the wire, slow, from elsewhere, or too many."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from sluice.core.commands import Ask
from sluice.core.events import Event
from sluice.dialects.base import RunView
from sluice.dialects.chat_socket import EMITTED
from sluice.dialects.emitted import Emission
from sluice.transports.socketio_packets import MOST, ROOM
from tests.transports.driver import until
from tests.transports.socketio_site import QUICK, SLOW, Site, Talker, site

POLL = "/socket.io/?EIO=4&transport=polling"
WS = "/socket.io/?EIO=4&transport=websocket"
SECRET = "a-secret-that-nobody-else-reads"
ELSEWHERE = "http://localhost:3000"
LONG = '42["chat_stream",{"message":"hi","model":"demo/n=2000,delay=0ms,first=0ms"}]'


class Poller:
    """A client by long-polling that polls when it is told to."""

    def __init__(self, place: Site, sid: str) -> None:
        self._place = place
        self.url = f"{place.url}{POLL}&sid={sid}"

    async def post(self, body: str) -> int:
        async with self._place.http.post(self.url, data=body) as answer:
            return answer.status

    async def poll(self) -> str:
        async with self._place.http.get(self.url) as answer:
            return await answer.text()


async def polling(place: Site, **headers: str) -> Poller:
    """A client that is connected."""
    async with place.http.get(place.url + POLL, headers=headers) as answer:
        sid = (await answer.text()).partition('"sid":"')[2].partition('"')[0]
    poller = Poller(place, sid)
    await poller.post("40")
    assert (await poller.poll()).startswith("40{")
    return poller


def sockets(place: Site) -> int:
    return place.io._server.connections


def empty(place: Site) -> bool:
    """Nothing is remembered of anybody."""
    io, server = place.io, place.io._server
    remembered: list[Any] = [io._talks, io._clients, server.environ, server.manager.rooms]
    remembered += [server.engine._works, server.engine._heartbeats, place.door.watched]
    return not any(remembered) and len(io._pulse) == 0


NO_PACKETS = ["", "x", "9", "0", "b!", "4" + "[" * 100_000, "4[[[", "2" + "x" * 100, "\u00b2"]


@pytest.mark.parametrize("text", NO_PACKETS, ids=lambda text: repr(text[:8]))
async def test_what_is_no_packet_ends_a_websocket_and_leaves_nothing(text: str):
    async with site() as place:
        async with place.http.ws_connect(place.url + WS) as socket:
            await socket.receive()
            await socket.send_str("40")
            await socket.receive()
            await socket.send_str(text)
            if text != "4[[[":  # which looks like one until it is read
                assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        await until(lambda: empty(place))


PACKETS = [
    "4x",
    "42",
    "42{}",
    "42[5]",
    '42[{"a":1}]',
    "4/other,",
    "43[1]",
    "451-[]",
    "44",
    "5",
]


@pytest.mark.parametrize("text", PACKETS)
async def test_what_makes_no_sense_is_ignored_over_both(
    text: str, caplog: pytest.LogCaptureFixture
):
    async with site() as place:
        async with place.http.ws_connect(place.url + WS) as socket:
            await socket.receive()
            await socket.send_str("40")
            await socket.receive()
            await socket.send_str(text)
            await socket.send_bytes(b"bytes")
            await socket.send_str(f'42["chat_stream",{{"message":"hi","model":"{QUICK}"}}]')
            heard = ""
            while "chat_complete" not in heard:
                heard = await socket.receive_str()
        poller = await polling(place)
        assert await poller.post(text) == 200
        assert await poller.post('42["chat_stream",{"message":""}]') == 200
        heard = ""
        while "chat_stream_error" not in heard:
            heard = await poller.poll()
    assert not [line for line in caplog.records if line.levelno >= logging.WARNING]


REFUSED = [
    ("GET", POLL + "&j=0", b"", 400),
    ("GET", POLL + "&sid=unknown", b"", 400),
    ("GET", "/socket.io/?EIO=3&transport=polling", b"", 400),
    ("GET", "/socket.io/", b"", 400),
    ("PUT", POLL, b"", 405),
    ("POST", POLL + "&sid={}", b"x" * 5000, 413),
    ("POST", POLL + "&sid={}", b"\x1e" * 16, 400),
    ("POST", POLL + "&sid={}", b"6", 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
async def test_what_a_poll_may_not_do(method: str, path: str, body: bytes, status: int):
    async with site(body_limit=4096) as place:
        sid = (await polling(place)).url.rpartition("=")[2]
        url = place.url + path.format(sid)
        async with place.http.request(method, url, data=body or None) as answer:
            assert answer.status == status


async def test_pages_of_this_machine_may_poll_and_others_may_not():
    async with site() as place:
        for origin, status, allowed in (
            (ELSEWHERE, 200, ELSEWHERE),
            (place.url, 200, place.url),
            ("https://evil.example", 403, None),
        ):
            async with place.http.get(place.url + POLL, headers={"Origin": origin}) as answer:
                assert answer.status == status
                assert answer.headers.get("Access-Control-Allow-Origin") == allowed
                assert len(answer.headers.getall("Access-Control-Allow-Origin", [])) < 2
        asked = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST"}
        async with place.http.options(place.url + POLL, headers=asked) as answer:
            assert answer.status == 204
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await place.http.ws_connect(place.url + WS, origin="https://evil.example")
        assert refused.value.status == 403


async def visitor_of(place: Site, **headers: str) -> tuple[str, str | None, str | None]:
    """The cookie that a handshake sets, by polling and by WebSocket, and who the chat sees."""
    async with place.http.get(place.url + POLL, headers=headers) as answer:
        first = answer.headers.get("Set-Cookie", "")
    async with place.http.ws_connect(place.url + WS, headers=headers) as socket:
        second = socket._response.headers.get("Set-Cookie")
        await socket.receive()
        await socket.send_str("40")
        await socket.send_str(f'42["chat_stream",{{"message":"hi","model":"{QUICK}"}}]')
        while "chat_complete" not in await socket.receive_str():
            pass
    return first, second, place.names.who[-1].visitor


async def test_a_strangers_browser_is_known_again_by_a_cookie():
    async with site() as place:
        first, second, seen = await visitor_of(place, Origin=place.url)
        assert first.startswith("sluice_visitor=")
        assert "HttpOnly; SameSite=Lax" in first
        assert second is not None
        assert second.startswith(f"sluice_visitor={seen};")
    async with site() as place:
        known = {"Origin": place.url, "Cookie": "sluice_visitor=abc"}
        assert await visitor_of(place, **known) == ("", None, "abc")
    async with site() as place:
        assert await visitor_of(place) == ("", None, None)  # no browser
        user = {"Origin": place.url, "Authorization": "Bearer good"}
        assert (await visitor_of(place, **user))[:2] == ("", None)


async def test_a_slow_client_holds_up_nobody_and_few_packets_wait_for_it():
    async with site() as place:
        poller = await polling(place)
        for _ in range(4):
            await poller.post(LONG)
        await place.idle()  # all four runs have ended: nobody waits for the client
        (client,) = place.io._clients.values()
        await until(lambda: client.backlog > ROOM)
        assert client.backlog <= ROOM + 4
        talker = await place.talk()
        await talker.emit("chat_stream", {"message": "hi", "model": QUICK})
        await talker.until("chat_complete")
        heard = ""
        while heard.count("chat_complete") < 4:
            said = await poller.poll()
            assert said.count("\x1e") < 16  # which is all that python-socketio takes at once
            heard += said
    assert heard.count('"chat_token"') == 8000


async def test_a_client_without_progress_is_dropped():
    async with site(stall=0.2) as place:
        poller = await polling(place)
        await poller.post(LONG)
        await until(lambda: empty(place))
        assert await poller.post("2") == 400


async def test_a_websocket_that_is_not_read_is_dropped():
    async with site(stall=0.2) as place:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port, limit=1024)
        upgrade = (
            f"GET {WS} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        writer.write(upgrade.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(masked("40"))
        await reader.readuntil(b"40{")
        for _ in range(8):
            writer.write(masked(LONG.replace("2000", "5000")))
        await until(lambda: bool(place.chat.live()))
        await until(lambda: empty(place))
        await until(lambda: sockets(place) == 0)
        writer.transport.abort()


def masked(text: str) -> bytes:
    """A WebSocket's text frame, as clients send it: with a mask, here of zeros."""
    data = text.encode()
    assert len(data) < 126
    return b"\x81" + bytes([0x80 | len(data)]) + bytes(4) + data


async def test_who_says_much_and_hears_nothing_is_dropped():
    async with site() as place:
        poller = await polling(place)
        for _ in range(MOST // 15 + 1):
            await poller.post("\x1e".join(['42["chat_stream",null]'] * 15))
        await until(lambda: empty(place))


async def test_who_leaves_while_being_asked_about_leaves_nothing():
    async with site() as place:
        async with place.http.get(place.url + POLL) as answer:
            sid = (await answer.text()).partition('"sid":"')[2].partition('"')[0]
        poller = Poller(place, sid)
        asking = asyncio.create_task(poller.post('40{"token":"slow"}'))
        await place.door.asked.wait()
        await poller.post("1")
        place.door.answer.set()
        await asking
        await until(lambda: empty(place))


async def test_when_the_server_closes_clients_are_told_and_nobody_is_let_in():
    async with site() as place:
        talker, poller = await place.talk(), await polling(place)
        gone = asyncio.Event()
        talker.on("disconnect", lambda reason: gone.set())
        poll = asyncio.create_task(poller.poll())
        polled = [one.queue for one in place.io._server.engine.sockets.values() if not one.upgraded]
        await until(lambda: polled[0]._getters)
        await place.io.close()
        await gone.wait()
        assert await poll == "1"  # which says that the connection is closed
        async with place.http.get(place.url + POLL) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await place.http.ws_connect(place.url + WS)
        assert empty(place)


async def test_nothing_that_people_say_is_logged(caplog: pytest.LogCaptureFixture):
    logging.getLogger("engineio").setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        async with site() as place:
            for over in ("websocket", "polling"):
                talker = await place.talk(over)
                await talker.emit("chat_stream", {"message": SECRET, "model": QUICK})
                await talker.until("chat_complete")
                await talker.emit("chat_stream", {"message": "", "model": SECRET})
                await talker.until("chat_stream_error")
    assert SECRET not in "".join(line.getMessage() for line in caplog.records)


class Broken:
    """Has no words."""

    def __init__(self, run: RunView, ask: Ask | None) -> None:
        pass

    def encode(self, event: Event, seq: int) -> Sequence[Emission]:
        raise KeyError(SECRET)

    def skip(self, event: Event) -> None:
        pass


async def test_a_bug_of_ours_is_told_and_logged_without_its_text(caplog: pytest.LogCaptureFixture):
    async with site(words=EMITTED._replace(speech=Broken)) as place:
        talker: Talker = await place.talk()
        await talker.emit("chat_stream", {"message": "hi", "model": SLOW})
        (error,) = await talker.until("chat_stream_error")
    assert error["code"] == "internal"
    assert "KeyError" in caplog.text
    assert SECRET not in caplog.text
