"""The benchmark counts what it says it counts. Nothing here asserts a time."""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from pathlib import Path

import msgspec
import pytest
from bench.figures import Figures, conditions, figures
from bench.load import Report
from bench.mock import BESIDES, Stats, answer
from bench.processes import Calls
from bench.runner import Sample
from bench.tokens import Counter

ROOT = Path(__file__).parents[2]
STAMPS = [b"1000000000001", b"1000000000002", b"1000000000003"]
SSE = b'data: {"type":"start"}\n\n' + b"".join(
    b'data: {"type":"content","chunk":" t%b","accumulated_length":9}\n\n' % s for s in STAMPS
)
END = b'data: {"type":"end","full_response":" t1000000000001 t1000000000002"}\n\ndata: [DONE]\n\n'


def test_tokens_are_found_wherever_the_bytes_are_cut() -> None:
    data = SSE + END
    for size in range(1, len(data) + 1):
        counter = Counter(repeats=b'"full_response"')
        found = [s for i in range(0, len(data), size) for s in counter.feed(data[i : i + size])]
        assert found + counter.end() == STAMPS


def test_a_last_line_without_a_line_feed_counts() -> None:
    counter = Counter()
    assert counter.feed(b'{"response":" t1000000000001"}') == []
    assert counter.end() == STAMPS[:1]


def test_the_mock_sends_each_token_by_itself() -> None:
    frames = list(answer(tokens=3, interval_ms=20))
    assert [b'" t' in frame for frame in frames] == [*[False] * 2, *[True] * 3, *[False] * 4]
    assert len(frames) == 3 + BESIDES
    for frame in frames[1:]:
        size, _, rest = frame.partition(b"\r\n")
        assert len(rest) == int(size, 16) + 2


def sample(cpu_us: int, *, tokens: int = 100, lost: int = 0, reads: int = 100) -> Sample:
    zero = dict.fromkeys(Report.__struct_fields__, 0)
    report = {**zero, "requests": 10, "tokens": tokens, "lost": lost, "tokens_per_read": 1.0}
    return Sample(
        report=msgspec.convert(report, Report),
        cpu_ns=cpu_us * 1000,
        calls=Calls(reads=reads, writes=100),
        mock=Stats(requests=10, tokens=100, writes=100 + 10 * BESIDES),
        mock_cpu_ns=0,
        memory=0,
    )


def test_ratios_are_taken_within_a_round() -> None:
    samples = {
        ("p200", "nginx"): [sample(1000), sample(2000), sample(4000)],
        ("p200", "sluice"): [sample(2000), sample(4000), sample(4000)],
    }
    assert figures(samples, "sluice") == Figures(event_us=40.0, event_ratio=2.0)


def test_a_token_lost_shows_in_the_figures() -> None:
    assert figures({("burst", "nginx"): [sample(1, tokens=99, lost=1)]}, "nginx").lost == 1


@pytest.mark.parametrize(
    ("reads", "value", "holds"), [(100, 1.0, True), (60, 0.6, False), (0, None, True)]
)
def test_a_round_in_which_events_were_read_together_does_not_count(
    reads: int, value: float | None, holds: bool
) -> None:
    together = sample(1000, reads=reads)
    found = {c.about: c for c in conditions([together])}
    assert found["server: reads per event ≥ 0.95"][1:] == (value, holds)
    assert found["rounds that counted, of 1"].holds is holds
    rounds = {("p200", "sluice"): [together, sample(3000)]}
    assert figures(rounds, "sluice").event_us == (20.0 if holds else 30.0)


async def python(*arguments: str) -> tuple[int, bytes]:
    """Run a module of the benchmark; its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out


async def test_a_quick_run_counts_every_token() -> None:
    scenarios = [f"--scenario={name}" for name in ("p20", "burst", "req")]
    code, out = await python("bench", "--quick", "--only=prototype", *scenarios, "--json")
    found = msgspec.json.decode(out, type=dict[str, Figures])["prototype"]
    assert (code, found.lost) == (0, 0)
    assert None not in {found.latency_us, found.first_token_ms}
    assert found.burst_us is not None
    assert found.burst_us > 0
    assert found.request_us is not None
    assert found.request_us > 0
    assert {found.event_us, found.request_ratio, found.memory_mb} == {None}


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "failed", "lost"),
    [
        (HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(SSE), SSE), 0, 0),
        (HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (2 * len(SSE), SSE * 2), 0, 3),
        (HEAD + b"0\r\n\r\n", 0, 3),
        (HEAD + b"%x\r\n%b\r\n" % (len(SSE), SSE), 1, 0),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 1, 3),
    ],
    ids=["whole", "each token twice", "no token", "cut off", "refused"],
)
async def test_the_client_tells_on_an_answer_that_is_not_whole(
    said: bytes, failed: int, lost: int
) -> None:
    async def answer_and_close(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(said)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer_and_close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        body = '{"model":"mock-n3-i0"}'
        code, out = await python("bench.client", "--port", str(port), "--body", body)
    found = msgspec.json.decode(out, type=Report)
    assert (found.failed, found.lost) == (failed, lost)
    assert code == (2 if failed or lost else 0)
