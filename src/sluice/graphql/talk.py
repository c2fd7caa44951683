"""One WebSocket connection: who talks, and the operations that go on. Knows no handshake."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

import msgspec

from sluice.core.errors import Overloaded, SluiceError
from sluice.graphql import answers, requests
from sluice.graphql.calls import Call
from sluice.graphql.documents import Invalid
from sluice.graphql.operations import RESOURCES, Executor
from sluice.transports.asgi import Receive, Send, Visit

Identify = Callable[[Visit, str | None], Awaitable[Visit]]
Verdict = tuple[int, str]

AT_ONCE = 16  # operations of one connection
LONGEST = 100  # characters of an operation's id

INVALID = (4400, "Invalid message")
EARLY = (4401, "Unauthorized")
FORBIDDEN = (4403, "Forbidden")
SLOW = (4408, "Connection initialisation timeout")
REPEATED = (4429, "Too many initialisation requests")


class Close(Exception):
    """The connection is to be closed."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__()


class Message(msgspec.Struct, frozen=True):
    """What a client says."""

    type: str
    id: str | None = None
    payload: Any = None


class Going(msgspec.Struct):
    """An operation that goes on. `call` is there once it has been understood."""

    task: asyncio.Task[None]
    call: Call


_MESSAGE = msgspec.json.Decoder(Message)


class Talk:
    """Hears what a client says. `verdict` is how the connection is to be closed, if it is."""

    def __init__(
        self,
        executor: Executor,
        visit: Visit,
        identify: Identify,
        send: Send,
        group: asyncio.TaskGroup,
    ) -> None:
        self.verdict: Verdict | None = None
        self._executor = executor
        self._visit = visit
        self._identify = identify
        self._send = send
        self._group = group
        self._known: Visit | None = None
        self._going: dict[str, Going] = {}
        self._end: Callable[[], object] = lambda: None
        self._timer: asyncio.TimerHandle | None = None
        self._unwatch: Callable[[], None] = lambda: None

    def closing(self, end: Callable[[], object], patience: float) -> None:
        """How to end the listening; and after how many seconds, if nobody says who it is."""
        self._end = end
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(patience, self.close, SLOW)

    def close(self, verdict: Verdict) -> None:
        """End the connection."""
        if self.verdict is None:
            self.verdict = verdict
        self._end()

    def leave(self) -> None:
        """The connection is over. What goes on has its grace."""
        if self._timer is not None:
            self._timer.cancel()
        self._unwatch()
        for going in tuple(self._going.values()):
            going.task.cancel()

    async def listen(self, receive: Receive) -> None:
        """Hear messages until the client leaves, or says what makes no sense."""
        try:
            while (message := await receive())["type"] == "websocket.receive":
                await self._hear(message.get("text"))
        except Close as end:
            self.verdict = self.verdict or end.verdict
        except OSError:  # it went while it was being answered
            return

    async def _hear(self, text: str | None) -> None:
        try:
            said = _MESSAGE.decode((text or "").encode("utf-8", "surrogatepass"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Close(INVALID) from None
        match said.type:
            case "connection_init":
                await self._begin(said.payload)
            case "ping":
                await self._say("pong")
            case "pong":
                pass
            case "subscribe":
                self._subscribe(said)
            case "complete":
                self._complete(said.id)
            case _:
                raise Close(INVALID)

    async def _begin(self, payload: object) -> None:
        if self._timer is None:
            raise Close(REPEATED)
        self._timer.cancel()
        self._timer = None
        try:
            visit = await self._identify(self._visit, bearer_of(payload))
        except SluiceError:
            raise Close(FORBIDDEN) from None
        self._known = msgspec.structs.replace(visit, headers=[])  # a message has none to send
        entry = self._executor.door.entry
        self._unwatch = entry.watch(visit, lambda: self.close(FORBIDDEN))
        await self._say("connection_ack")

    def _subscribe(self, said: Message) -> None:
        if self._known is None:
            raise Close(EARLY)
        id = said.id
        if not id or len(id) > LONGEST:
            raise Close(INVALID)
        if id in self._going:
            raise Close((4409, f"Subscriber for {id} already exists"[:100]))
        visit = msgspec.structs.replace(self._known, headers=[])
        executor = self._executor
        call = Call(executor.door, executor.shelf, visit, at_once=False)
        full = len(self._going) >= AT_ONCE
        work = self._refuse(id) if full else self._answer(id, said.payload, call)
        task = self._group.create_task(work, name="graphql")
        if not full:
            self._going[id] = Going(task, call)
            task.add_done_callback(lambda _: self._over(id, call))

    def _complete(self, id: str | None) -> None:
        going = None if id is None else self._going.get(id)
        if going is not None:  # else it has just ended by itself
            going.call.at_once = True
            going.task.cancel()
            self._over(str(id), going.call)

    def _over(self, id: str, call: Call) -> None:
        """Whatever became of it: its id is free again."""
        call.close()
        if (going := self._going.get(id)) is not None and going.call is call:
            del self._going[id]

    async def _refuse(self, id: str) -> None:
        await self._fail(id, [Overloaded("Too many operations on this connection.")])

    async def _answer(self, id: str, payload: object, call: Call) -> None:
        executor = self._executor
        assert self._known is not None
        try:
            executor.door.entry.count(RESOURCES, self._known.who, [])
            asked = requests.in_message(payload)
            operation = executor.documents.operation(asked.query, asked.operation)
            async with aclosing(await executor.begin(asked, operation, call)) as results:
                async for result in results:
                    if "data" not in result:  # nothing has been executed
                        await self._say("error", id, result["errors"])
                        return
                    await self._say("next", id, result)
            await self._say("complete", id)
        except Invalid as invalid:
            await self._fail(id, invalid.errors)
        except SluiceError as error:
            await self._fail(id, [error])
        except OSError:  # the connection is gone; the reader hears of it too
            return

    async def _fail(self, id: str, errors: answers.Errors) -> None:
        await self._say("error", id, answers.refused(errors)["errors"])

    async def _say(self, type: str, id: str | None = None, payload: object = None) -> None:
        said: answers.Json = {"type": type}
        if id is not None:
            said["id"] = id
        if payload is not None:
            said["payload"] = payload
        await self._send({"type": "websocket.send", "text": answers.encode(said).decode()})


def bearer_of(payload: object) -> str | None:
    """The token in what a client says of itself: `{"Authorization": "Bearer …"}`; None without."""
    if not isinstance(payload, Mapping):
        return None
    fields = cast("Mapping[str, object]", payload)
    for name, value in fields.items():
        if name.lower() == "authorization" and isinstance(value, str):
            kind, _, token = value.partition(" ")
            return token.strip() if kind.lower() == "bearer" else ""
    return None
