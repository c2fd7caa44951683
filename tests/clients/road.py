"""A road between a client and a server, which a test can watch and break. Knows little of HTTP."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

Writer = asyncio.StreamWriter
Heads = list[dict[str, str]]

APIS = (b" /api/", b" /v1/")


class Road:
    """Relays to a port of this machine.

    `asked`  the headers of each request below `/api/` or `/v1/`, with its first line as `request`
             and, once there is an answer, that one's `status`
    `cuts`   after how many bytes of its answer the first such request loses its connection, then
             the second, and so on; those beyond the list, which may change, get all of it
    """

    def __init__(self, to: int, cuts: Sequence[int] = ()) -> None:
        self.asked: Heads = []
        self.port = 0
        self._to = to
        self.cuts = list(cuts)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Road":
        self._server = await asyncio.start_server(self._arrive, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _arrive(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._travel(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _travel(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        left: list[int] = []  # bytes until the cut, where there is to be one
        unanswered: Heads = []

        async def forth() -> None:
            while data := await reader.read(1 << 16):
                if any(below in data.partition(b"\r\n")[0] for below in APIS):
                    self.asked.append(head(data))
                    unanswered.append(self.asked[-1])
                    left[:] = [self.cuts.pop(0)] if self.cuts else []
                back.write(data)

        async def home() -> None:
            while data := await there.read(1 << 16):
                if unanswered and data.startswith(b"HTTP/1.1 "):
                    unanswered.pop()["status"] = data[9:12].decode()
                if left:
                    data = data[: left[0]]
                    left[0] -= len(data)
                writer.write(data)
                await writer.drain()
                if left and not left[0]:
                    return

        ways = [asyncio.create_task(forth()), asyncio.create_task(home())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            back.close()
            for way in ways:
                way.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await way


def head(request: bytes) -> dict[str, str]:
    """A request's headers by their lower-case names, and its first line as `request`."""
    first, *lines = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return {"request": first} | {name.lower(): value for name, value in pairs}
