"""What a load is and what came of it: the request, the counts, the percentiles. Does no I/O."""

import math
from array import array
from collections.abc import Callable, Sequence

import msgspec


class Load(msgspec.Struct, frozen=True):
    """What is asked, and how often. A body of the form `mock-nN-iM` says how many tokens to expect.

    `streams`    connections, each with one request at a time
    `requests`   altogether
    `ramp_ms`    time over which the connections are opened
    `timeout_s`  after which the run is over, whatever is missing
    `repeats`    what marks a line that says the text again, and does not count
    """

    port: int
    path: str
    body: str
    streams: int = 1
    requests: int = 1
    ramp_ms: int = 0
    headers: tuple[str, ...] = ()
    timeout_s: float = 120.0
    repeats: str = '"full_response"'

    def request(self) -> bytes:
        """The HTTP request, whole."""
        body = self.body.encode()
        lines = (
            f"POST {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Content-Type: application/json",
            "Accept: text/event-stream",
            "Authorization: Bearer bench",
            *self.headers,
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Report(msgspec.Struct, frozen=True):
    """What came of a load. Times are microseconds where not said otherwise.

    `lost`             tokens that were asked for and did not come exactly once, in their order
    `failed`           requests cut off, refused or not begun in time
    `tokens_per_read`  over the reads that held one
    `latency`          from the mock's write to the client's read
    `first_token`      from the request to the first token
    `gap`              between two reads of one stream
    `cpu_s`            CPU seconds that the client took
    """

    requests: int
    failed: int
    tokens: int
    lost: int
    elapsed_s: float
    tokens_per_read: float
    latency_p50: float
    latency_p90: float
    latency_p99: float
    first_token_p50: float
    first_token_p99: float
    gap_p50: float
    gap_p99: float
    cpu_s: float


class Tally:
    """The measurements of a run, in nanoseconds, and its counts."""

    def __init__(self) -> None:
        self.latency = array("q")
        self.first_token = array("q")
        self.gap = array("q")
        self.tokens = 0
        self.lost = 0
        self.reads = 0
        self.done = 0
        self.failed = 0


def report(load: Load, expected: int, tally: Tally, elapsed: float, cpu_s: float) -> Report:
    """The figures of a run; what was never answered counts as failed and lost."""
    missing = load.requests - tally.done
    latency, first, gap = (percentiles(a) for a in (tally.latency, tally.first_token, tally.gap))
    return Report(
        requests=load.requests,
        failed=tally.failed + missing,
        tokens=tally.tokens,
        lost=tally.lost + missing * expected,
        elapsed_s=round(elapsed, 3),
        tokens_per_read=round(len(tally.latency) / max(1, tally.reads), 3),
        latency_p50=latency(0.5),
        latency_p90=latency(0.9),
        latency_p99=latency(0.99),
        first_token_p50=first(0.5),
        first_token_p99=first(0.99),
        gap_p50=gap(0.5),
        gap_p99=gap(0.99),
        cpu_s=round(cpu_s, 3),
    )


def percentiles(nanoseconds: Sequence[int]) -> Callable[[float], float]:
    """Percentiles of these, in microseconds; -1 where there is nothing."""
    ordered = sorted(nanoseconds)

    def at(part: float) -> float:
        return round(ordered[math.floor(part * (len(ordered) - 1))] / 1e3, 1) if ordered else -1.0

    return at
