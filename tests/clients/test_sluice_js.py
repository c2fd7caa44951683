"""`/sluice.js`, as the server gives it out, in Node: streams of every dialect, on bad roads."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest

from sluice.core.messages import Message, Prompt
from sluice.providers.recital import recite
from sluice.providers.script import parse
from tests.clients.conftest import PROGRAMS, Javascript
from tests.clients.person import PASSWORD, STREAM, Json, Person, signed_in
from tests.clients.road import Road
from tests.clients.running import run
from tests.conftest import Running, Serve, free_port
from tests.npm_parts import PARTS

pytestmark = pytest.mark.clients

PROGRAM = "sluice_js.mjs"
SAID = "Xin chào, Huế!"
MODEL = "demo/n=12,text=unicode,delay=1ms"
SLOW = "demo/n=2000,delay=20ms"  # goes on for longer than any test
QUERY = "/api/v1/query/stream"
RETRY = b"retry: 1000\n"
PATIENCE = 30.0  # seconds for a program to say what is waited for
MODULES = PARTS.parent.parent / "web" / "node_modules"
TSC = MODULES / "typescript" / "bin" / "tsc"
TYPES = MODULES / "@types"


class Way(NamedTuple):
    """One route that streams, what is asked there, and what it says of the text."""

    path: str
    body: Json | None = None
    field: str = "content"

    def text(self, events: list[Json]) -> str:
        if self.field == "delta":
            choices = [choice for event in events for choice in event["choices"]]
            return "".join(choice["delta"].get("content", "") for choice in choices)
        pieces = [one for one in events if one.get("type") not in {"end", "complete"}]
        return "".join(one.get(self.field, "") for one in pieces)


OPENAI = {"messages": [{"role": "user", "content": SAID}], "stream": True, "model": MODEL}
ASKED = f"user_input={SAID}&model={MODEL}"
WAYS = {
    "query": Way(QUERY, {"query": SAID, "model": MODEL}, "chunk"),
    "flows": Way("/api/stream/chat", {"user_input": SAID, "model": MODEL}, "chunk"),
    "flows, by GET": Way(f"/api/stream/chat-get?{ASKED}", None, "chunk"),
    "chat": Way("/api/chat/stream", {"message": SAID, "model": MODEL}, "token"),
    "conversations": Way(STREAM, {"message": SAID, "model": MODEL}),
    "interactions": Way("/api/stream/stream-conversation", {"message": SAID, "model": MODEL}),
    "openai": Way("/v1/chat/completions", OPENAI, "delta"),
}


def recited(model: str) -> str:
    """All that the demo says to what is said here."""
    script = parse(model.removeprefix("demo/"))
    return "".join(recite(script, Prompt(model, (Message("user", SAID),))))


WHOLE = recited(MODEL)

ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.fixture(scope="module")
def module(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, as any front end gets it."""
    path = tmp_path_factory.mktemp("client") / "sluice.mjs"
    with urlopen(f"{server.url}/sluice.js") as response:
        assert response.headers["Content-Type"].startswith("text/javascript")
        path.write_bytes(response.read())
    return path


@pytest.fixture
def read(javascript: Javascript, module: Path):
    """Reads a stream to its end, and gives all that the program says."""

    async def start(url: str, **options: Any) -> list[Json]:
        return (await javascript(PROGRAM, module, url, json.dumps(options))).lines

    return start


class Program:
    """The program while it runs."""

    def __init__(self, said: asyncio.StreamReader) -> None:
        self._said = said

    async def until(self, there: Callable[[Json], bool]) -> list[Json]:
        """What it says, until it has said this."""
        heard: list[Json] = []
        async with asyncio.timeout(PATIENCE):
            while not (heard and there(heard[-1])):
                line = await self._said.readline()
                assert line, heard
                heard.append(json.loads(line))
        return heard

    async def until_text(self) -> list[Json]:
        return await self.until(lambda one: one.get("data", {}).get("type") == "chunk")

    async def rest(self) -> list[Json]:
        async with asyncio.timeout(PATIENCE):
            return [json.loads(line) for line in (await self._said.read()).splitlines()]


@pytest.fixture
def reading(node: Path, module: Path):
    """Begins to read a stream; leaving the block ends the program."""

    @asynccontextmanager
    async def start(url: str, **options: Any) -> AsyncIterator[Program]:
        command = (node, PROGRAMS / PROGRAM, module, url, json.dumps(options))
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        try:
            yield Program(process.stdout)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    return start


def timeless(said: list[Json]) -> list[Json]:
    """Without the time at which it was said to this reader."""
    return [{name: one[name] for name in one if name != "timestamp"} for one in said]


def asked(way: Way, who: Person, **more: Any) -> Json:
    body = {} if way.body is None else {"body": way.body}
    return {"headers": who.headers, **body, **more}


def events(heard: list[Json]) -> list[Json]:
    return [one["data"] for one in heard if "data" in one]


def ids(heard: list[Json]) -> list[str]:
    return [one["id"] for one in heard if one.get("id")]


async def runs_of(person: Person) -> int:
    return (await person.get("/api/v1/usage"))["total"]["runs"]


@ways
async def test_it_reads_a_stream_to_its_end(server: Running, read, way: Way):
    async with signed_in(server.url) as ann:
        heard = await read(server.url + way.path, **asked(way, ann))

    assert way.text(events(heard)) == WHOLE
    assert [one for one in heard if "data" not in one and "run" not in one] == [
        {"state": "connecting"},
        {"state": "open"},
        {"ended": True},
    ]


@ways
async def test_cut_at_every_event_it_has_the_text_once_of_one_run(server: Running, read, way: Way):
    async with signed_in(server.url) as bob:
        cuts = await everywhere(bob, way)
    async with signed_in(server.url) as ann, Road(server.port, cuts) as road:
        heard = await read(road.url + way.path, **asked(way, ann))
        whole = await read(server.url + way.path, **asked(way, ann, lastEventId=first(heard)))
        runs = await runs_of(ann)

    assert heard[-1] == {"ended": True}
    assert way.text(events(heard)) == WHOLE
    assert timeless(events(heard)) == timeless(events(whole))
    assert len(ids(heard)) == len(set(ids(heard)))
    assert len(road.asked) >= len(cuts)
    assert len({one["idempotency-key"] for one in road.asked}) == 1
    assert {one.get("status", "200") for one in road.asked} == {"200"}
    assert runs == 1


async def everywhere(person: Person, way: Way) -> list[int]:
    """Where to cut, in bytes: before an answer, in its headers, and then just behind each event."""
    method = "GET" if way.body is None else "POST"
    headers = person.headers
    async with person.session.request(method, way.path, json=way.body, headers=headers) as response:
        head = 19 + sum(len(name) + len(value) + 4 for name, value in response.raw_headers)
        blocks = [len(block) + 2 for block in (await response.read()).split(b"\n\n")[:-1]]
    framed = [size + 8 for size in blocks]  # as a chunk, and the beginning of the next one
    if way.field == "delta":  # nothing has an id: it comes from the first event on each time
        framed = list(accumulate(framed))
    return [0, head // 2, *(head + len(RETRY) + size for size in framed[:-1])]


def first(heard: list[Json]) -> str:
    """What leads to the beginning of its run."""
    (run,) = [one["run"] for one in heard if "run" in one]
    return f"{run}:0"


@pytest.mark.parametrize("name", ["query", "conversations", "flows, by GET"])
async def test_what_is_asked_again_before_an_answer_is_asked_once(server: Running, read, name: str):
    way = WAYS[name]
    async with signed_in(server.url) as ann, Road(server.port, [0, 0, 0]) as road:
        heard = await read(road.url + way.path, **asked(way, ann))
        runs = await runs_of(ann)

    assert way.text(events(heard)) == WHOLE
    assert [one.get("last-event-id") for one in road.asked] == [None] * 4
    assert runs == 1


async def test_a_run_is_read_by_its_id_from_any_event_on(server: Running, read):
    async with signed_in(server.url) as ann:
        said = await ann.say(SAID, model=MODEL)
        path = f"{server.url}/api/v1/runs/{said[0].id.partition(':')[0]}/events"
        whole = await read(path, headers=ann.headers)
        rest = await read(path, headers=ann.headers, lastEventId=said[4].id)
        over = await read(path, headers=ann.headers, lastEventId=said[-1].id)

    assert events(whole) == [one.event for one in said]
    assert ids(rest) == [one.id for one in said[5:]]
    assert over == [{"state": "connecting"}, {"state": "open"}, {"ended": True}]


async def test_a_reply_without_options_of_its_own_is_written_anew(server: Running, read):
    async with signed_in(server.url) as ann:
        said = await ann.say(SAID, model=MODEL)
        start, end = said[0].event, said[-1].event
        place = f"{start['conversation_id']}/messages/{end['message_id']}/regenerate"
        url = f"{server.url}/api/v1/conversations/{place}"
        heard = await read(url, method="POST", headers=ann.headers)

    assert [heard[-1], events(heard)[-1]["type"]] == [{"ended": True}, "end"]


# Refusals

REFUSED = {
    "a wrong field": ({"body": {"message": 1}}, 422, "invalid_request"),
    "a blank message": ({"body": {"message": " "}}, 422, "invalid_request"),
    "an unknown run": ({"method": "POST", "lastEventId": "nobody:3"}, 410, "run_expired"),
    "no such number": ({"method": "POST", "lastEventId": "nobody"}, 410, "run_expired"),
    "another method": ({"method": "PATCH", "body": {}}, 405, "invalid_request"),
}


@pytest.mark.parametrize(("options", "status", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_the_server_refuses_is_told_at_once(
    server: Running, read, options: Json, status: int, code: str
):
    async with signed_in(server.url) as ann:
        heard = await read(server.url + STREAM, headers=ann.headers, **options)

    assert (heard[-1]["refused"], heard[-1]["code"]) == (status, code)
    assert heard[-1]["message"]
    assert len(heard) == 2


async def test_a_key_that_was_used_for_another_question_is_refused(server: Running, read):
    way = WAYS["query"]
    async with signed_in(server.url) as ann:
        await read(server.url + QUERY, **asked(way, ann, idempotencyKey="mine"))
        other = {**asked(way, ann, idempotencyKey="mine"), "body": {"query": "other"}}
        heard = await read(server.url + QUERY, **other)

    assert (heard[-1]["refused"], heard[-1]["code"]) == (422, "idempotency_mismatch")


async def test_an_address_that_does_not_stream_is_refused(server: Running, read):
    heard = await read(f"{server.url}/api/v1/query", body={"query": "x", "model": "demo/n=1"})

    assert (heard[-1]["refused"], heard[-1]["code"]) == (200, "not_a_stream")


# Leaving


async def test_cancel_stops_the_run_and_the_stream_says_so(server: Running, read):
    async with signed_in(server.url) as ann:
        body = {"message": SAID, "model": SLOW}
        options = {"headers": ann.headers, "body": body, "after": 4, "act": "cancel"}
        heard = await read(server.url + STREAM, **options)

    (receipt,) = [one["receipt"] for one in heard if "receipt" in one]
    end = events(heard)[-1]
    assert (receipt["state"], end["finish_reason"]) == ("cancelled", "cancelled")
    assert receipt["text_length"] == len(WAYS["conversations"].text(events(heard)))
    assert heard[-1] == {"ended": True}


@pytest.mark.parametrize(("act", "last"), [("abort", {"left": True}), ("break", {"ended": True})])
async def test_whoever_leaves_leaves_the_run_to_its_grace(serve: Serve, read, act: str, last: Json):
    server = serve(SLUICE_DISCONNECT_GRACE="0")
    async with signed_in(server.url) as ann:
        body = {"message": SAID, "model": SLOW}
        options = {"headers": ann.headers, "body": body, "after": 4, "act": act}
        heard = await read(server.url + STREAM, **options)
        run = ids(heard)[0].partition(":")[0]
        rest = await ann.hear(f"/api/v1/runs/{run}/events", method="GET")

    assert (len(events(heard)), heard[-1]) == (4, last)
    assert rest[-1].event["finish_reason"] == "cancelled"


# Logins that end


async def name_of(person: Person) -> str:
    return (await person.get("/api/v1/auth/me"))["username"]


async def grant_of(person: Person, name: str) -> Json:
    """Another login of this user."""
    login = {"username": name, "password": PASSWORD}
    return (await person.ask("POST", "/api/v1/auth/login", login)).body


async def test_a_token_that_expires_in_mid_stream_is_renewed(serve: Serve, read):
    server, model = serve(SLUICE_ACCESS_TOKEN_LIFETIME="2"), "demo/n=250,delay=20ms"
    async with signed_in(server.url) as ann:
        name = await name_of(ann)
        login = {"server": server.url, **await grant_of(ann, name)}
        body = {"message": SAID, "model": model}
        heard = await read(server.url + STREAM, body=body, login=login)
        ann.headers["Authorization"] = f"Bearer {(await grant_of(ann, name))['access_token']}"
        runs = await runs_of(ann)

    assert WAYS["conversations"].text(events(heard)) == recited(model)
    assert [one["renewed"] for one in heard if "renewed" in one][:1] == [200]
    assert (heard[-1], runs) == ({"ended": True}, 1)


async def test_a_login_that_is_over_is_refused_and_a_new_one_reads_on(
    server: Running, read, reading
):
    model = "demo/n=400,delay=10ms"
    async with signed_in(server.url) as ann, signed_in(server.url) as bob:
        spare = (await grant_of(ann, await name_of(ann)))["access_token"]
        options = {"headers": ann.headers, "body": {"message": SAID, "model": model}}
        async with reading(server.url + STREAM, **options) as program:
            heard = await program.until_text()
            assert (await ann.ask("POST", "/api/v1/auth/logout")).status == 204
            heard += await program.rest()
        again = {"method": "POST", "lastEventId": ids(heard)[-1]}
        mine = {"Authorization": f"Bearer {spare}"}
        rest = await read(server.url + STREAM, headers=mine, **again)
        others = await read(server.url + STREAM, headers=bob.headers, **again)

    assert (heard[-1]["refused"], heard[-1]["code"]) == (401, "unauthorized")
    assert (events(rest)[-1]["type"], others[-1]["refused"]) == ("end", 410)
    assert WAYS["conversations"].text([*events(heard), *events(rest)]) == recited(model)


# A server that is killed


async def test_what_is_heard_of_a_server_that_is_killed_and_started_again(
    serve: Serve, read, reading
):
    port = str(free_port())
    first = serve("--port", port)
    here = f"http://127.0.0.1:{port}"
    async with signed_in(first.url) as ann:
        options = {"headers": ann.headers, "body": {"message": SAID, "model": SLOW}}
        options["body"]["background"] = True
        async with reading(here + STREAM, **options) as program:
            heard = await program.until_text()
            first.process.kill()
            first.process.wait()
            heard += await program.until(lambda one: one.get("state") == "waiting")
            serve("--port", port)
            heard += await program.rest()
    run, place = ids(heard)[0].partition(":")[0], events(heard)[0]["conversation_id"]
    again = {"method": "POST", "lastEventId": f"{run}:0", "headers": ann.headers}
    stored = await read(here + STREAM, **again)
    path = f"{here}/api/v1/conversations/{place}/messages"
    messages = await asyncio.to_thread(got, path, ann.headers)

    # What it had said is no longer there, event by event: the conversation has what was stored.
    assert (heard[-1]["refused"], heard[-1]["code"]) == (410, "run_expired")
    assert (events(stored)[-1]["type"], events(stored)[-1]["code"]) == ("error", "interrupted")
    assert stored[-1] == {"ended": True}
    reply = messages["items"][1]
    assert reply["status"] == ("partial" if reply["content"] else "failed")
    assert WAYS["conversations"].text(events(stored)) == reply["content"]


def got(url: str, headers: dict[str, str]) -> Any:
    with urlopen(Request(url, headers=headers)) as response:
        return json.load(response)


# Its types

CONSUMER = """
import { type Arrival, cancel, type ConversationEvent, Lost, Refused, stream } from "./sluice.js";

export async function read(token: () => Promise<string>, leaving: AbortSignal): Promise<string> {
  let text = "";
  let last = "";
  const arrivals = stream<ConversationEvent>(new URL("http://127.0.0.1:8000/api/v1/chat/stream"), {
    body: { message: "Hello" },
    headers: async (renew) => ({ Authorization: renew ? await token() : "" }),
    signal: leaving,
    onState: (state, wait) => state === "waiting" && wait.toFixed(),
  });
  try {
    for await (const { id, data } of arrivals) {
      last = id;
      if (data.type === "chunk") text += data.content;
      if (data.type === "end") text += data.message_id?.length ?? 0;
    }
  } catch (problem) {
    if (problem instanceof Refused) return `${problem.status} ${problem.code} ${problem.field}`;
    if (problem instanceof Lost) return String(problem.cause);
  }
  const receipt = await cancel(last.split(":")[0] ?? "", { headers: { Authorization: "" } });
  return text + receipt.state;
}
const wrong = (one: Arrival<ConversationEvent>): string =>
  // @ts-expect-error a start has no content
  one.data.type === "start" ? one.data.content : "";
// @ts-expect-error an option that there is not
stream("/", { retries: 3, wrong });
"""
STRICT = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2023", "--pretty", "false"]
WORLDS = {
    "a page": ["--lib", "es2023,dom", "--types", ""],
    "Node": ["--lib", "es2023", "--types", "node", "--typeRoots", str(TYPES)],
}


@pytest.fixture
def types(server: Running) -> bytes:
    with urlopen(f"{server.url}/sluice.d.ts") as response:
        return response.read()


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
async def test_its_types_are_good_for_a_strict_consumer(
    types: bytes, node: Path, tmp_path: Path, world: list[str]
):
    (tmp_path / "sluice.d.ts").write_bytes(types)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    consumer = tmp_path / "consumer.ts"
    consumer.write_text(CONSUMER)

    done = await run(node, TSC, *STRICT, *world, consumer, check=False)
    assert (done.code, done.out, done.errors) == (0, "", "")
