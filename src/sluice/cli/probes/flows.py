"""The flows dialect, as its clients use it: streams by POST and GET, flows by name."""

import msgspec
from yarl import URL

from sluice.cli.probes.base import QUESTION, Context, Note, Probe, expect
from sluice.cli.probes.judge import rhythm
from sluice.cli.probes.wire import Arrival, Stream, decode

CHAT = "/api/stream/chat"
CHAT_GET = "/api/stream/chat-get"
SSE = "/api/stream/sse"
BUILT_IN = ("ask", "stream-test")


class Piece(msgspec.Struct):
    """Any event of this dialect."""

    done: bool
    chunk: str = ""
    error: str = ""
    code: str = ""
    model: str = ""


class Answer(msgspec.Struct):
    response: str
    provider: str
    model: str
    tokens: int


class Heard(msgspec.Struct):
    """A stream of this dialect, read to its end."""

    times: list[float] = []
    last: Piece | None = None

    def add(self, arrival: Arrival) -> None:
        if not arrival.frame.data:
            return
        piece = self.last = decode(arrival.frame.data, Piece)
        expect(not piece.error, f"the run failed: {piece.code}")
        if piece.chunk:
            self.times.append(arrival.at)


async def hear(stream: Stream) -> Heard:
    """Read a stream to its end; raises `Trouble` where that is missing."""
    heard = Heard()
    async for arrival in stream:
        heard.add(arrival)
    expect(heard.last is not None and heard.last.done, "the stream breaks off without its end")
    expect(bool(heard.times), "the stream holds no text")
    return heard


def request(on: Context) -> dict[str, str]:
    """This dialect's requests name a model, and know no limit of tokens."""
    model = on.plan.options("n=5,delay=10ms").get("model")
    return {"user_input": QUESTION, **({"model": str(model)} if model else {})}


async def _listen(on: Context, method: str, path: str, body: object = None) -> Note:
    async with on.target.stream(method, path, body) as stream:
        heard = await hear(stream)
    return Note(f"{len(heard.times)} pieces", rhythm(stream.first_byte, heard.times))


async def _post(on: Context) -> Note:
    return await _listen(on, "POST", CHAT, request(on))


async def _get(on: Context) -> Note:
    return await _listen(on, "GET", str(URL(CHAT_GET).with_query(request(on))))


async def _sse(on: Context) -> Note:
    note = await _listen(on, "GET", SSE)
    expect(note.text == "10 pieces", f"{note.text} came, not ten")
    return note


async def _ask(on: Context) -> Note:
    reply = await on.target.ask("POST", "/api/flows/ask", request(on))
    reply.expect(200)
    answer = reply.read(Answer)
    expect(bool(answer.response), "the answer is empty")
    total = round(reply.seconds * 1000, 1)
    return Note(f"{answer.model}, {answer.tokens} tokens", {"total": total})


class Flow(msgspec.Struct):
    name: str


class Flows(msgspec.Struct):
    flows: list[Flow]


async def _list(on: Context) -> Note:
    reply = await on.target.ask("GET", "/api/flows")
    reply.expect(200)
    names = [flow.name for flow in reply.read(Flows).flows]
    missing = [name for name in BUILT_IN if name not in names]
    expect(not missing, f"not listed: {', '.join(missing)}")
    return Note(f"{len(names)} flows")


PROBES = (
    Probe("flows", "stream by POST", "generation", _post),
    Probe("flows", "stream by GET (EventSource)", "generation", _get),
    Probe("flows", "stream without a model", "nothing", _sse),
    Probe("flows", "ask (JSON)", "generation", _ask),
    Probe("flows", "list of flows", "nothing", _list),
)
