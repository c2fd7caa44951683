"""What the road does to a stream: buffers, compresses, strips headers, cuts silence."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import aiohttp

from sluice.cli.probes import flows, query
from sluice.cli.probes.base import Context, Note, Probe, expect
from sluice.cli.probes.judge import UNBUFFER, clumped, compressed, cut, rhythm, stripped
from sluice.cli.probes.wire import Stream, Trouble

DEMO_SPACING = 0.05  # seconds, of `query.request`
SSE_SPACING = 0.2  # seconds, of `/api/stream/sse`
HEARTBEAT = 20.0  # seconds of silence by which a keep-alive comment must have come; 15 by default


class Paced(NamedTuple):
    """A stream whose pace is known: when it came, and the seconds between its events at home."""

    first_byte: float
    times: list[float]
    spacing: float


async def _query_pace(on: Context) -> Paced:
    async with on.target.stream("POST", query.STREAM, query.request(on)) as stream:
        heard = await query.hear(stream)
    return Paced(stream.first_byte, heard.times, DEMO_SPACING)


async def _sse_pace(on: Context) -> Paced:
    async with on.target.stream("GET", flows.SSE) as stream:
        heard = await flows.hear(stream)
    return Paced(stream.first_byte, heard.times, SSE_SPACING)


async def _socket_pace(on: Context) -> Paced:
    times = await query.socket_times(on)
    return Paced(times[0] if times else 0.0, times, DEMO_SPACING)


async def _in_its_time(on: Context, sample: Callable[[Context], Awaitable[Paced]]) -> Note:
    """Who is to be accused gets a second chance: the machine may have been busy."""
    paced = await sample(on)
    if clumped(paced.times, paced.spacing):
        paced = await sample(on)
    if trouble := clumped(paced.times, paced.spacing):
        raise trouble
    return Note(f"{len(paced.times)} events", rhythm(paced.first_byte, paced.times))


async def _one_by_one(on: Context) -> Note:
    return await _in_its_time(on, _query_pace if on.plan.demo else _sse_pace)


async def _socket_one_by_one(on: Context) -> Note:
    return await _in_its_time(on, _socket_pace)


async def _at_once(on: Context) -> Note:
    """The start event leaves before the model has said anything."""
    body = query.request(on, "n=3,first=1s")
    async with on.target.stream("POST", query.STREAM, body) as stream:
        heard = await query.hear(stream)
    query.whole(heard)
    start, first = heard.arrivals[0].at, heard.times[0]
    expect(first - start > 0.3, "the start event is held back until the first token", UNBUFFER)
    return Note(ms={"first_byte": round(start * 1000, 1), "first_token": round(first * 1000, 1)})


async def _headers(on: Context) -> Note:
    async with on.target.stream("GET", flows.SSE) as stream:
        headers = stream.headers
    if trouble := stripped(headers):
        raise trouble
    eaten = "X-Accel-Buffering" not in headers
    return Note("X-Accel-Buffering was used up on the way, as nginx does" if eaten else "")


async def _compression(on: Context, offered: str) -> Note:
    asked = {"Accept-Encoding": offered}
    async with on.target.stream("GET", flows.SSE, headers=asked) as stream:
        headers = stream.headers
    if trouble := compressed(headers, offered):
        raise trouble
    return Note()


async def _compression_unasked(on: Context) -> Note:
    return await _compression(on, "identity")


async def _compression_offered(on: Context) -> Note:
    return await _compression(on, "gzip")


async def _idle(on: Context) -> Note:
    """A model that is silent for long: the connection must outlive the silence."""
    idle = on.plan.idle or 0.0
    body = query.request(on, f"n=3,stall={round(idle * 1000)}ms@1")
    async with on.target.stream("POST", query.STREAM, body) as stream:
        heard, pings, silence = await _hear_all(stream)
    if not heard.done:
        raise cut(silence, pings)
    if not pings and idle >= HEARTBEAT:
        raise Trouble(
            f"no keep-alive comment came in {idle:.0f} s of silence",
            "something on the way drops SSE comments, or SLUICE_HEARTBEAT is longer than that",
        )
    return Note(f"{idle:.0f} s of silence, {pings} keep-alive comments")


async def _hear_all(stream: Stream) -> tuple[query.Heard, int, float]:
    """What came until the end, clean or not; comments among it; seconds of silence at the end."""
    heard, pings, last = query.Heard(), 0, stream.first_byte
    try:
        async for arrival in stream:
            last = arrival.at
            pings += arrival.frame.comment
            heard.add(arrival)
    except (aiohttp.ClientError, ConnectionError):
        pass  # a connection that is torn down: `heard.done` tells
    return heard, pings, stream.age - last


PROBES = (
    Probe("delivery", "events arrive one by one", "nothing", _one_by_one),
    Probe("delivery", "WebSocket messages arrive one by one", "demo", _socket_one_by_one),
    Probe("delivery", "the start does not wait for the model", "demo", _at_once),
    Probe("delivery", "headers arrive", "nothing", _headers),
    Probe("delivery", "no compression where none is asked", "nothing", _compression_unasked),
    Probe("delivery", "no compression where it is offered", "nothing", _compression_offered),
    Probe("delivery", "silence is survived", "idle", _idle),
)
