"""What a server must refuse, and how: a table of wrong requests. None of them reaches a model."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from sluice.cli.probes.base import Context, Note, Probe, expect
from sluice.cli.probes.wire import NONE

QUERY = "/api/v1/query"
STREAM = "/api/v1/query/stream"
CHAT = "/api/stream/chat"
JSON = {"Content-Type": "application/json"}
# Had the header been lost on the way, this would start a run: a demo one, which costs nothing.
FREE = b'{"query":"hello","model":"demo/n=1"}'


class Wrong(NamedTuple):
    """A request, the status it must get, the code, and what the answer must name."""

    group: str
    name: str
    path: str
    body: bytes
    status: int
    code: str
    names: str = ""
    headers: Mapping[str, str] = NONE
    lost: str = ""


class Error(msgspec.Struct):
    code: str
    detail: object = None


WRONG = (
    Wrong("query", "a missing field is named", QUERY, b"{}", 422, "invalid_request", "query"),
    Wrong(
        "query", "a wrong temperature is named", QUERY,
        b'{"query":"hello","model":"demo/n=1","temperature":9}', 422, "invalid_request",
        "temperature",
    ),
    Wrong("query", "what is no JSON is refused", QUERY, b"{", 400, "invalid_request"),
    Wrong(
        "query", "another content type is refused", QUERY, FREE, 415, "unsupported_media_type",
        headers={"Content-Type": "text/plain"}, lost="the Content-Type is rewritten on the way",
    ),
    Wrong(
        "query", "an unknown run is gone", STREAM, FREE, 410, "run_expired",
        headers={"Last-Event-ID": f"{'0' * 32}:1"},
        lost="Last-Event-ID does not arrive: no stream can be resumed; the proxy must pass it on",
    ),
    Wrong("flows", "a missing field is named", CHAT, b"{}", 422, "invalid_request", "user_input"),
    Wrong(
        "flows", "an unknown provider is refused", CHAT,
        b'{"user_input":"hello","provider":"nobody"}', 422, "", "demo",
    ),
)  # fmt: skip


def _probe(wrong: Wrong) -> Probe:
    async def run(on: Context) -> Note:
        headers = {**JSON, **wrong.headers}
        reply = await on.target.ask("POST", wrong.path, raw=wrong.body, headers=headers)
        expect(reply.status != 200, "accepted (200)", wrong.lost)
        reply.expect(wrong.status)
        error = reply.read(Error)
        expect(wrong.code in {"", error.code}, f"its code is {error.code}, not {wrong.code}")
        said = msgspec.json.encode(error.detail).decode()
        expect(wrong.names in said, f"the answer does not name {wrong.names}")
        return Note(f"{reply.status} {error.code}")

    return Probe(wrong.group, wrong.name, "nothing", run)


PROBES = tuple(_probe(wrong) for wrong in WRONG)
