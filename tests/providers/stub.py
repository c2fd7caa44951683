"""A provider on a raw socket, which says exactly the bytes that a test gives it."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

HANG = "hang"  # say nothing more, and wait for the client to leave
CLOSE = "close"
RESET = "reset"
ONCE = "once"  # hear one more request on this connection, and close it without an answer
Line = bytes | float | str  # bytes, a pause in seconds, or one of the words above

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def part(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def say(content: str | None = None, finish: str | None = None, **more: object) -> bytes:
    """One message of an OpenAI stream, as one HTTP chunk."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return part(b"data: %b\n\n" % msgspec.json.encode({"choices": [choice], **more}))


def reply(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A whole response."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Stub:
    """Says its lines to each request; `gone` is set when a client leaves while it hangs."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.url = ""
        self.connections = 0
        self.requests: list[tuple[bytes, bytes]] = []
        self.hanging = asyncio.Event()
        self.said = asyncio.Event()
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._hear(reader):
                for line in self.lines:
                    await self._say(line, reader, writer)
                self.said.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        finally:
            writer.close()

    async def _hear(self, reader: asyncio.StreamReader) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n")
             if line.startswith(b"content-length:")), 0,
        )  # fmt: skip
        self.requests.append((head, await reader.readexactly(length)))
        return True

    async def _say(
        self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if isinstance(line, bytes):
            writer.write(line)
            await writer.drain()
        elif isinstance(line, float):
            await asyncio.sleep(line)
        elif line == HANG:
            self.hanging.set()
            await reader.read()
            raise ConnectionResetError
        else:
            if line == ONCE:
                await self._hear(reader)
            if line == RESET:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ConnectionResetError


@asynccontextmanager
async def stub(*lines: Line) -> AsyncIterator[Stub]:
    """A stub that listens on loopback."""
    told = Stub(lines)
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield told
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def deaf() -> AsyncIterator[str]:
    """An address where nobody ever accepts: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            yield f"http://127.0.0.1:{address[1]}/v1"
        finally:
            for one in waiting:
                one.close()


def unused() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
