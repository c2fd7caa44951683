"""GraphQL over HTTP: `POST /graphql`, `GET` for queries, and streams of server-sent events.

The protocols: https://graphql.github.io/graphql-over-http/draft/ and, in its mode of distinct
connections, https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec

from sluice.core.errors import Forbidden, InvalidRequest, RateLimited, SluiceError, Unauthorized
from sluice.dialects.base import Inbound
from sluice.graphql import answers, requests
from sluice.graphql.calls import Call
from sluice.graphql.documents import Invalid, Operation
from sluice.graphql.operations import RESOURCES, Executor
from sluice.graphql.stream import Streaming
from sluice.transports.asgi import (
    NO_STORE,
    NOSNIFF,
    VISIT,
    Gone,
    Headers,
    Receive,
    Scope,
    Send,
    Visit,
    advice,
    goodbye,
    header,
    inbound,
    refuse,
)
from sluice.transports.entry import admitted, once_of, run_headers
from sluice.transports.pulse import Pulse
from sluice.transports.status import status_of

MODERN = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
HTML = "text/html"
OURS: Headers = [(b"vary", b"accept"), NOSNIFF, NO_STORE]


class Page(msgspec.Struct, frozen=True):
    """What a browser is shown that comes without a question."""

    body: bytes
    headers: Headers


class Understood(msgspec.Struct, frozen=True):
    """A request that makes sense so far, and the media type of its answer."""

    request: Inbound
    asked: requests.Asked
    operation: Operation
    kind: str


class NotAllowed(Exception):
    """By this method, or in this media type, there is no answer to that. Its text says so."""

    def __init__(self, status: int, text: str, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        super().__init__(text)


class Http:
    """`GET` and `POST /graphql`."""

    def __init__(self, executor: Executor, pulse: Pulse, page: Page) -> None:
        self._executor = executor
        self._dialect = executor.door.dialect
        self._entry = executor.door.entry
        self._streaming = Streaming(self._entry, pulse)
        self._page = page

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
    ) -> None:
        visit: Visit = scope[VISIT]
        taken = accepted(scope)
        if scope["method"] == "GET" and HTML in taken and b"query=" not in scope["query_string"]:
            headers = [*self._page.headers, *visit.headers]
            await _send(send, 200, self._page.body, headers)
            return
        kind = MODERN if MODERN in taken else JSON
        try:
            understood = await self._understand(scope, receive, taken)
            await self._execute(scope, receive, send, understood)
        except (Unauthorized, Forbidden, RateLimited) as error:
            await refuse(send, error, self._dialect, visit)
        except SluiceError as error:
            status = status_of(error, 400)
            await _answer(send, status, kind, answers.refused([error]), visit, advice(error))
        except NotAllowed as problem:
            body = answers.refused([InvalidRequest(str(problem))])
            await _answer(send, problem.status, kind, body, visit, problem.headers)
        except Invalid as invalid:
            status = 400 if kind == MODERN else 200
            await _answer(send, status, kind, answers.refused(invalid.errors), visit)
        except Gone:
            return

    async def _understand(
        self, scope: Scope, receive: Receive, taken: frozenset[str]
    ) -> Understood:
        """Raises what refuses a request before anything is executed."""
        visit: Visit = scope[VISIT]
        self._entry.count(RESOURCES, admitted(visit, self._dialect), visit.headers)
        request = await inbound(scope, receive, self._entry.body_limit, {})
        if scope["method"] == "GET":
            asked = requests.in_query(request.query)
        else:
            asked = requests.in_body(request.body)
        operation = self._executor.documents.operation(asked.query, asked.operation)
        kind = fitting(scope["method"], operation.kind, taken)
        return Understood(request, asked, operation, kind)

    async def _execute(self, scope: Scope, receive: Receive, send: Send, what: Understood) -> None:
        visit: Visit = scope[VISIT]
        executor, operation = self._executor, what.operation
        once = once_of(scope, what.request) if operation.kind == "mutation" else None
        # Who has no key cannot come back for a whole answer.
        at_once = what.kind != EVENTS and once is None
        call = Call(executor.door, executor.shelf, visit, once, at_once=at_once)
        try:
            if what.kind == EVENTS:
                results = await executor.begin(what.asked, operation, call)
                about = _about(call)
                await self._streaming.respond(scope, receive, send, results, about, visit)
                return
            executing = executor.once(what.asked, operation, call)
            answer = await _unless_gone(executing, receive)
            status = 200 if "data" in answer or what.kind == JSON else 400
            await _answer(send, status, what.kind, answer, visit, _about(call))
        finally:
            call.close()


def accepted(scope: Scope) -> frozenset[str]:
    """The media types that a client takes: JSON, where it does not say."""
    said = header(scope, b"accept") or JSON
    return frozenset(one.partition(";")[0].strip().lower() for one in said.split(","))


def fitting(method: str, operation: str, taken: frozenset[str]) -> str:
    """The media type of the answer to an operation. Raises `NotAllowed`."""
    if method == "GET" and operation == "mutation":
        raise NotAllowed(405, "A mutation is asked for by POST.", [(b"allow", b"POST")])
    plain = MODERN if MODERN in taken else JSON
    if operation != "subscription" and not taken.isdisjoint({MODERN, JSON, "*/*", "application/*"}):
        return plain
    if EVENTS in taken:
        return EVENTS
    if operation == "subscription":
        raise NotAllowed(406, f"A subscription is answered as {EVENTS}, or over a WebSocket.", [])
    raise NotAllowed(406, f"Answers are {MODERN}, {JSON} or {EVENTS}.", [])


async def _unless_gone(
    executing: Coroutine[Any, Any, answers.Json], receive: Receive
) -> answers.Json:
    """The result. Raises `Gone` where the client leaves before."""
    work = asyncio.create_task(executing, name="graphql")
    watch = asyncio.create_task(goodbye(receive), name="disconnect")
    try:
        await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise Gone
    finally:
        work.cancel()
        watch.cancel()
        await asyncio.wait([work, watch])


def _about(call: Call) -> Headers:
    return [] if call.run is None else run_headers(call.run)


async def _answer(
    send: Send,
    status: int,
    kind: str,
    answer: answers.Json,
    visit: Visit,
    more: Headers | None = None,
) -> None:
    about = (b"content-type", f"{kind}; charset=utf-8".encode())
    headers = [about, *OURS, *visit.headers, *(more or [])]
    await _send(send, status, answers.encode(answer), headers)


async def _send(send: Send, status: int, body: bytes, headers: Headers) -> None:
    size = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, size]})
    await send({"type": "http.response.body", "body": body})
