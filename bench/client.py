"""The load: streams over kept-alive connections, of which every token is counted and timed.

Asks any address with any body and understands nothing of the answer but its tokens, which carry
the time of their writing (`tokens.py`). Prints one JSON line; exits with 2 if one was missing.
"""

import argparse
import gc
import os
import select
import socket
import sys
from collections.abc import Sequence
from time import monotonic_ns, process_time

import httptools
import msgspec

from bench.load import Load, Report, Tally, report
from bench.tokens import Counter, pace

POLL_S = 0.1
RAMP_POLL_S = 0.001


class Stream:
    """One connection and the answer that it carries at the moment."""

    def __init__(self, sock: socket.socket, tally: Tally, expected: int, repeats: bytes) -> None:
        self.sock = sock
        self._tally = tally
        self._expected = expected
        self._repeats = repeats

    def ask(self, request: bytes) -> None:
        """Send the request. Raises `OSError` where the connection is gone."""
        self._parser = httptools.HttpResponseParser(self)
        self._counter = Counter(self._repeats)
        self._stamps: list[bytes] = []
        self._found = self._last = self._last_read = 0
        self.complete = self.reusable = False
        self._sent = monotonic_ns()
        self.sock.sendall(request)

    def on_body(self, body: bytes) -> None:
        self._stamps += self._counter.feed(body)

    def on_message_complete(self) -> None:
        self._stamps += self._counter.end()
        self.complete = True
        self.reusable = self._parser.should_keep_alive()

    def read(self) -> bool:
        """Take in what has arrived. False if the answer is over, whole (`complete`) or not."""
        try:
            data = self.sock.recv(65_536)
            now = monotonic_ns()
            self._parser.feed_data(data)
        except BlockingIOError:
            return True
        except (OSError, httptools.HttpParserError):
            return False
        if self._stamps:
            self._take(now)
        return bool(data) and not self.complete

    def _take(self, now: int) -> None:
        tally = self._tally
        tally.reads += 1
        if self._found:
            tally.gap.append(now - self._last_read)
        else:
            tally.first_token.append(now - self._sent)
        self._last_read = now
        for digits in self._stamps:
            stamp = int(digits)
            tally.latency.append(now - stamp)
            if stamp > self._last:
                self._found += 1
                self._last = stamp
            else:  # twice, or out of order
                self._found -= 1
        self._stamps.clear()

    def account(self) -> None:
        """Count the answer that is over."""
        status_ok = self.complete and self._parser.get_status_code() == 200
        self._tally.done += 1
        self._tally.failed += not status_ok
        self._tally.tokens += self._found
        self._tally.lost += abs(self._expected - self._found)


class Client:
    """The loop: opens the connections one by one, then asks on each again and again."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._request = load.request()
        self._expected = pace(self._request)[0]
        self._poll = select.epoll()
        self._streams: dict[int, Stream] = {}
        self._opened = 0
        self._asked = 0
        self._tally = Tally()

    def run(self) -> Report:
        """Ask until every request is answered, or the time is over."""
        start, cpu = monotonic_ns(), process_time()
        deadline = start + int(self._load.timeout_s * 1e9)
        ramping = True
        while (ramping or self._streams) and (now := monotonic_ns()) < deadline:
            self._open_due(now - start)
            ramping = self._opened < min(self._load.streams, self._load.requests)
            for fd, _ in self._poll.poll(RAMP_POLL_S if ramping else POLL_S):
                stream = self._streams[fd]
                if not stream.read():
                    self._finish(stream)
        elapsed = (monotonic_ns() - start) / 1e9
        return report(self._load, self._expected, self._tally, elapsed, process_time() - cpu)

    def _open_due(self, since_start: int) -> None:
        load = self._load
        while self._opened < load.streams and self._asked < load.requests:
            if since_start < load.ramp_ms * 1_000_000 * self._opened // load.streams:
                return
            self._opened += 1
            self._open()

    def _open(self) -> None:
        """Connect and ask. What refuses the connection counts as a failed request."""
        try:
            sock = socket.create_connection(("127.0.0.1", self._load.port), timeout=5)
        except OSError:
            self._asked += 1
            self._tally.done += 1
            self._tally.failed += 1
            self._tally.lost += self._expected
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = Stream(sock, self._tally, self._expected, self._load.repeats.encode())
        self._streams[sock.fileno()] = stream
        self._poll.register(sock, select.EPOLLIN)
        self._ask(stream)

    def _ask(self, stream: Stream) -> None:
        self._asked += 1
        try:
            stream.ask(self._request)
        except OSError:
            self._finish(stream)

    def _finish(self, stream: Stream) -> None:
        stream.account()
        more = self._asked < self._load.requests
        if stream.complete and stream.reusable and more:
            self._ask(stream)
            return
        self._poll.unregister(stream.sock)
        del self._streams[stream.sock.fileno()]
        stream.sock.close()
        if more:
            self._open()


def arguments(argv: Sequence[str] | None = None) -> Load:
    """The load that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.client", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/v1/chat/completions")
    parser.add_argument("--body", required=True, help="JSON; names a model mock-nN-iM")
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--requests", type=int, default=1)
    parser.add_argument("--ramp-ms", type=int, default=0)
    parser.add_argument("--header", action="append", default=[], dest="headers")
    parser.add_argument("--timeout-s", type=float, default=120.0)
    parser.add_argument("--repeats", default='"full_response"')
    return msgspec.convert(vars(parser.parse_args(argv)), Load)


def main() -> int:
    """Run one load and print its report."""
    client = Client(arguments())
    # It shares its core with the mock: one that broke in on it at each token would make it late.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    gc.freeze()
    gc.disable()  # a collection would count as the server's latency
    outcome = client.run()
    print(msgspec.json.encode(outcome).decode())
    return 2 if outcome.lost or outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
