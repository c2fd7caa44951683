"""A provider that costs nothing: OpenAI's streaming chat completions at a pace set by the model.

`mock-n100-i20` answers with 100 tokens, 20 ms apart. Each chunk is one `send` of its own, and the
pace does not drift. Knows nothing of the server under test.

It is a bare epoll loop, because what is measured starts at the moment of its write: asyncio would
put a queue and a timer of whole milliseconds between the stamp and the socket.

Chunks: https://platform.openai.com/docs/api-reference/chat-streaming
"""

import argparse
import contextlib
import gc
import heapq
import itertools
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns

import httptools
import msgspec

from bench.tokens import model_name, pace

READABLE = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR
RETRY_NS = 1_000_000  # a stream whose client reads too slowly is looked at again after this
TOO_BIG = 1 << 20

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\nx-request-id: req_mock\r\n\r\n"
)
PLAIN = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
LAST = b"0\r\n\r\n"
COMMON = (
    b'data: {"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk",'
    b'"created":1741570283,"model":"%s","service_tier":"default",'
    b'"system_fingerprint":"fp_44709d6fcb","choices":['
)
ROLE = (
    b'{"index":0,"delta":{"role":"assistant","content":"","refusal":null},'
    b'"logprobs":null,"finish_reason":null}]}\n\n'
)
TOKEN = b'{"index":0,"delta":{"content":" t%d"},"logprobs":null,"finish_reason":null}]}\n\n'
FINISH = b'{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\n'
USAGE = b'],"usage":{"prompt_tokens":19,"completion_tokens":%d,"total_tokens":%d}}\n\n'
TOKEN_MARK = b'"content":" t'
DONE = b"data: [DONE]\n\n"
BESIDES = 6  # sends of an answer that carry no token: head, role, finish, usage, done, last chunk


class Stats(msgspec.Struct):
    """What the mock has done since it started.

    `requests`     answers begun
    `tokens`       tokens written
    `writes`       sends, those without a token (`BESIDES` for each answer) included
    `late`         tokens written more than half an interval behind their time
    `connections`  accepted so far
    `open`         answers under way now
    """

    requests: int = 0
    tokens: int = 0
    writes: int = 0
    late: int = 0
    connections: int = 0
    open: int = 0


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked transfer coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def answer(tokens: int, interval_ms: int) -> Iterator[bytes]:
    """What is sent for one request, one `send` each; a token is stamped when it is asked for."""
    common = COMMON % model_name(tokens, interval_ms).encode()
    token = common + TOKEN
    yield HEAD
    yield chunk(common + ROLE)
    for _ in range(tokens):
        yield chunk(token % monotonic_ns())
    yield chunk(common + FINISH)
    yield chunk(common + USAGE % (tokens, tokens + 19))
    yield chunk(DONE)
    yield LAST


class Connection:
    """One kept-alive connection, which carries one request at a time.

    `frames`       what is left to send of its answer; None between answers
    `left`         tokens left in it
    `interval_ns`  time between two of them
    `pending`      bytes that the socket would not take yet
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.live = True
        self.frames: Iterator[bytes] | None = None
        self.left = 0
        self.interval_ns = 0
        self.pending = b""
        self.url = b""
        self.requests: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._parser = httptools.HttpRequestParser(self)

    def read(self) -> bool:
        """Take in what has arrived; whole requests go to `requests`. False if it is over."""
        try:
            data = self.sock.recv(65_536)
            self._parser.feed_data(data)
        except BlockingIOError:
            return True
        except (OSError, httptools.HttpParserError):
            return False
        return bool(data) and sum(map(len, self._body)) <= TOO_BIG

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.requests.append((self.url, b"".join(self._body)))
        self.url = b""
        self._body.clear()

    def send(self, data: bytes) -> bool:
        """Send now what the socket takes; the rest waits in `pending`. False if it is over."""
        if self.pending:
            self.pending += data
            return True
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False
        if sent < len(data):
            self.pending = data[sent:]
        return True


class Mock:
    """The provider's loop: paced streams in a heap by due time, unpaced ones take turns."""

    def __init__(self, port: int) -> None:
        self.stats = Stats()
        self._poll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.EPOLLIN)
        self._connections: dict[int, Connection] = {}
        self._due: list[tuple[int, int, Connection]] = []
        self._turns: list[Connection] = []
        self._order = itertools.count()  # heap entries due at the same time have to differ

    def run(self) -> None:
        """Serve until the process is told to end."""
        ready = [self._poll.fileno()]
        while True:
            # epoll's own timeout is whole milliseconds; select's is microseconds.
            if select.select(ready, [], [], self._timeout())[0]:
                for fd, events in self._poll.poll(0):
                    self._on_event(fd, events)
            self._write_due()
            self._take_turns()

    def _timeout(self) -> float | None:
        if any(not connection.pending for connection in self._turns):
            return 0.0
        return max(0, self._due[0][0] - monotonic_ns()) / 1e9 if self._due else None

    def _on_event(self, fd: int, events: int) -> None:
        if fd == self._listener.fileno():
            self._accept()
            return
        connection = self._connections[fd]
        if events & select.EPOLLOUT:
            rest, connection.pending = connection.pending, b""
            self._poll.modify(fd, select.EPOLLIN)
            self._send(connection, rest)
        if connection.live and events & READABLE:
            if not connection.read():
                self._close(connection)
            while connection.live and connection.requests:
                self._answer(connection, *connection.requests.pop(0))

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock, _ = self._listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections[sock.fileno()] = Connection(sock)
                self._poll.register(sock, select.EPOLLIN)
                self.stats.connections += 1

    def _answer(self, connection: Connection, url: bytes, body: bytes) -> None:
        if url == b"/stats":
            data = msgspec.json.encode(self.stats)
            connection.send(PLAIN % (200, b"OK", len(data), data))
            return
        try:
            tokens, interval_ms = pace(body)
        except ValueError:
            connection.send(PLAIN % (404, b"Not Found", 2, b"{}"))
            return
        self.stats.requests += 1
        self.stats.open += 1
        connection.frames = answer(tokens, interval_ms)
        connection.left = tokens
        connection.interval_ns = interval_ms * 1_000_000
        self._step(connection)
        self._step(connection)
        if interval_ms and tokens:
            self._push(monotonic_ns() + connection.interval_ns, connection)
        else:
            self._turns.append(connection)

    def _push(self, due: int, connection: Connection) -> None:
        heapq.heappush(self._due, (due, next(self._order), connection))

    def _write_due(self) -> None:
        now = monotonic_ns()
        while self._due and self._due[0][0] <= now:
            due, _, connection = heapq.heappop(self._due)
            if connection.pending:
                self._push(now + RETRY_NS, connection)
                continue
            if connection.live:
                self.stats.late += now - due > connection.interval_ns // 2
                self._step(connection)
            if connection.left:
                self._push(due + connection.interval_ns, connection)
            while connection.frames and not connection.left:
                self._step(connection)

    def _take_turns(self) -> None:
        for connection in self._turns:
            if connection.live and not connection.pending:
                self._step(connection)
        if self._turns:
            self._turns = [c for c in self._turns if c.frames]

    def _step(self, connection: Connection) -> None:
        """Send the next frame of an answer, of which the last one ends it."""
        assert connection.frames is not None
        frame = next(connection.frames)
        if frame is LAST:
            connection.frames = None
            self.stats.open -= 1
        elif TOKEN_MARK in frame:
            connection.left -= 1
            self.stats.tokens += 1
        self.stats.writes += 1
        self._send(connection, frame)

    def _send(self, connection: Connection, data: bytes) -> None:
        if not connection.send(data):
            self._close(connection)
        elif connection.pending:
            self._poll.modify(connection.sock, select.EPOLLIN | select.EPOLLOUT)

    def _close(self, connection: Connection) -> None:
        self._poll.unregister(connection.sock)
        del self._connections[connection.sock.fileno()]
        self.stats.open -= connection.frames is not None
        connection.live = False
        connection.frames = None
        connection.left = 0
        connection.pending = b""
        connection.sock.close()


def main() -> None:
    """Serve on a port of loopback until told to end."""
    parser = argparse.ArgumentParser(prog="python -m bench.mock", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    mock = Mock(parser.parse_args().port)
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a collection would count as the server's latency
    with contextlib.suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text("1")
    with contextlib.suppress(KeyboardInterrupt):
        mock.run()


if __name__ == "__main__":
    main()
