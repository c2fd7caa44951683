"""The query dialect, as its clients use it: JSON, server-sent events, resume, cancel, WebSocket."""

import asyncio
from itertools import accumulate

import aiohttp
import msgspec

from sluice.cli.probes.base import QUESTION, Context, Note, Probe, Skipped, expect
from sluice.cli.probes.judge import UNBUFFER, UNIDLE, rhythm
from sluice.cli.probes.wire import Arrival, Stream, Trouble, decode

JSON = "/api/v1/query"
STREAM = "/api/v1/query/stream"
SOCKET = "/api/v1/query/ws"
LONG = "n=60,delay=50ms"  # what a cancel stops: three seconds


class Whole(msgspec.Struct):
    """The JSON answer."""

    full_response: str
    response: str
    model_used: str
    tokens_used: int
    processing_time: float
    finish_reason: str


class Said(msgspec.Struct):
    """Any event of this dialect: of each field, what is there."""

    type: str
    chunk: str = ""
    accumulated_length: int = 0
    full_response: str = ""
    model: str = ""
    model_used: str = ""
    tokens_used: int = 0
    finish_reason: str = ""
    error: str = ""
    code: str = ""


class Heard(msgspec.Struct):
    """A stream that was read to its end, or as far as was wanted."""

    run: str = ""
    arrivals: list[Arrival] = []
    events: list[Said] = []
    times: list[float] = []
    done: bool = False

    def add(self, arrival: Arrival) -> Said | None:
        """Take a frame; returns the event in it, if it holds one."""
        frame = arrival.frame
        if not frame.data:
            return None
        self.done = frame.data == "[DONE]"
        if self.done:
            return None
        event = decode(frame.data, Said)
        if event.type == "error":
            raise Trouble(f"the run failed: {event.code}")
        self.arrivals.append(arrival)
        self.events.append(event)
        if event.type == "content":
            self.times.append(arrival.at)
        return event

    @property
    def text(self) -> str:
        return "".join(event.chunk for event in self.events)

    @property
    def last_id(self) -> str:
        return self.arrivals[-1].frame.id if self.arrivals else ""


def request(on: Context, demo: str = "n=20,delay=50ms") -> dict[str, object]:
    return {"query": QUESTION, **on.plan.options(demo)}


async def hear(stream: Stream, pieces: int | None = None) -> Heard:
    """Read a stream to its end, or until so many pieces of text have come."""
    heard = Heard(run=stream.headers.get("X-Run-Id", ""))
    async for arrival in stream:
        heard.add(arrival)
        if pieces is not None and len(heard.times) >= pieces:
            break
    return heard


def whole(heard: Heard) -> Said:
    """The end of a stream that is all there; raises `Trouble` where something is missing."""
    expect(bool(heard.events), "the stream is empty", UNBUFFER)
    end = heard.events[-1]
    expect(end.type == "end", "the stream breaks off without its end event")
    expect(heard.done, "the stream lacks its last line, [DONE]")
    return end


async def _json(on: Context) -> Note:
    reply = await on.target.ask("POST", JSON, request(on, "n=5,delay=1ms"))
    reply.expect(200)
    said = reply.read(Whole)
    expect(bool(said.full_response), "the answer is empty")
    expect(said.full_response == said.response, "its two texts differ")
    total = round(reply.seconds * 1000, 1)
    return Note(f"{said.model_used}, {said.tokens_used} tokens", {"total": total})


async def _stream(on: Context) -> Note:
    async with on.target.stream("POST", STREAM, request(on)) as stream:
        heard = await hear(stream)
    end = whole(heard)
    contents = [event for event in heard.events if event.type == "content"]
    lengths = [event.accumulated_length for event in contents]
    counted = list(accumulate(len(event.chunk) for event in contents))
    expect(heard.events[0].type == "start", "the first event is not the start event")
    expect(lengths == counted, "accumulated_length does not count the characters sent")
    expect(heard.text == end.full_response, "full_response is not what was streamed")
    numbers = [int(one.frame.id.rpartition(":")[2] or 0) for one in heard.arrivals]
    expect(numbers == sorted(set(numbers)), "the events' ids do not rise")
    expect(bool(heard.arrivals[0].frame.retry), "the first event carries no retry")
    return Note(
        f"{end.model_used}, {len(heard.times)} pieces, {end.tokens_used} tokens",
        rhythm(stream.first_byte, heard.times),
    )


async def _resume(on: Context) -> Note:
    body = request(on, "n=12,delay=50ms")
    async with on.target.stream("POST", STREAM, body) as stream:
        before = await hear(stream, pieces=3)
    last = {"Last-Event-ID": before.last_id}
    async with on.target.stream("POST", STREAM, body, headers=last) as stream:
        after = await hear(stream)
    expect(
        after.last_id.rpartition(":")[0] == before.last_id.rpartition(":")[0],
        "the resumed stream is another run",
        "Last-Event-ID does not arrive; the proxy must pass it on",
    )
    end = whole(after)
    expect(before.text + after.text == end.full_response, "the two parts do not make the whole")
    return Note(f"cut after {len(before.times)} pieces, {len(after.times)} followed")


async def _resume_after_end(on: Context) -> Note:
    body = request(on, "n=2,delay=1ms")
    async with on.target.stream("POST", STREAM, body) as stream:
        heard = await hear(stream)
    whole(heard)
    reply = await on.target.ask("POST", STREAM, body, headers={"Last-Event-ID": heard.last_id})
    reply.expect(204)
    return Note("204")


async def _cancel(on: Context) -> Note:
    async with on.target.stream("POST", STREAM, request(on, LONG)) as stream:
        heard = await hear(stream, pieces=1)
        run = heard.last_id.rpartition(":")[0]
        reply = await on.target.ask("POST", f"/api/v1/runs/{run}/cancel", {})
        reply.expect(200)
        rest = await hear(stream)
    end = whole(rest)
    if end.finish_reason != "cancelled":
        raise _too_late(on)
    return Note(f"pieces until it stopped: {len(heard.times) + len(rest.times)}")


def _too_late(on: Context) -> Exception:
    """A cancel that found nothing left to stop: odd for a slow answer, usual for a short one."""
    if on.plan.demo:
        return Trouble("the answer was over before it could be stopped", UNBUFFER)
    return Skipped("the answer was over before it could be stopped")


async def _next(socket: aiohttp.ClientWebSocketResponse) -> Said:
    """The server's next message on a WebSocket."""
    message = await socket.receive()
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise Trouble(f"the WebSocket was closed (code {socket.close_code})", UNIDLE)
    return decode(message.data, Said)


async def _until(socket: aiohttp.ClientWebSocketResponse, kind: str) -> Said:
    """The next message of this type; raises `Trouble` where an error comes instead."""
    while (said := await _next(socket)).type != kind:
        expect(said.type != "error", f"the run failed: {said.code}")
    return said


async def socket_times(on: Context) -> list[float]:
    """When each piece of a demo answer came over a WebSocket, in seconds since the question."""
    clock = asyncio.get_running_loop().time
    times: list[float] = []
    async with on.target.websocket(SOCKET) as socket:
        began = clock()
        await socket.send_json(request(on))
        while (said := await _next(socket)).type != "end":
            expect(said.type != "error", f"the run failed: {said.code}")
            if said.type == "content":
                times.append(clock() - began)
    return times


async def _socket(on: Context) -> Note:
    async with on.target.websocket(SOCKET) as socket:
        answers: list[Said] = []
        for _ in range(2):
            await socket.send_json(request(on, "n=5,delay=1ms"))
            await _until(socket, "start")
            answers.append(await _until(socket, "end"))
    expect(all(one.full_response for one in answers), "an answer is empty")
    return Note("two questions over one connection")


async def _socket_cancel(on: Context) -> Note:
    async with on.target.websocket(SOCKET) as socket:
        await socket.send_json(request(on, LONG))
        await _until(socket, "content")
        await socket.send_json({"type": "cancel"})
        end = await _until(socket, "end")
    if end.finish_reason != "cancelled":
        raise _too_late(on)
    return Note()


async def _socket_error(on: Context) -> Note:
    async with on.target.websocket(SOCKET) as socket:
        for wrong, names in (("{", ""), ("{}", "query")):
            await socket.send_str(wrong)
            said = await _next(socket)
            expect(said.type == "error", f"nonsense is answered by a {said.type} message")
            expect(said.code == "invalid_request", f"its code is {said.code}")
            expect(names in said.error, f"the error does not name {names}")
    return Note("error message, connection kept")


PROBES = (
    Probe("query", "JSON answer", "generation", _json),
    Probe("query", "stream (SSE)", "once", _stream),
    Probe("query", "resume with Last-Event-ID", "generation", _resume),
    Probe("query", "204 on a resume after the end", "generation", _resume_after_end),
    Probe("query", "cancel", "generation", _cancel),
    Probe("query", "WebSocket", "generation", _socket),
    Probe("query", "WebSocket: cancel", "generation", _socket_cancel),
    Probe("query", "WebSocket: errors keep it open", "nothing", _socket_error),
)
