"""From samples to figures: medians over the rounds, ratios within a round. Pure.

A round at p200 counts only if it was what it says: a mock, server or client that lags makes events
travel together, which flatters everybody.
"""

from collections.abc import Callable, Sequence
from math import inf
from statistics import median
from typing import NamedTuple

import msgspec

from bench.mock import BESIDES
from bench.runner import DIRECT, Sample, Samples

COUNTED = 0.05  # calls per event, below which the server reads or writes by others
EVENTS_PER_S = 10_000

Value = Callable[[Sample], float]
Comparison = Callable[[float, float], float]


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one server came to; None where it was not measured.

    `event_us`, `request_us`, `burst_us`  CPU microseconds of the server: an event at p200, a
                                          request at req, an event at burst
    `event_ratio`, `request_ratio`        the same, in units of nginx
    `latency_us`, `first_token_ms`        added at p20 to what the mock takes when asked directly
    `memory_mb`                           for 1000 open streams, in millions of bytes
    `lost`                                tokens lost and requests failed, in all of the run
    """

    event_us: float | None = None
    event_ratio: float | None = None
    request_us: float | None = None
    request_ratio: float | None = None
    burst_us: float | None = None
    latency_us: float | None = None
    first_token_ms: float | None = None
    memory_mb: float | None = None
    lost: int = 0


class Condition(NamedTuple):
    """Something that has to hold for the figure of p200 to be what it says."""

    about: str
    value: float | None
    holds: bool


class Rule(NamedTuple):
    """A condition on one sample: its value lies between two limits, or cannot be known (None).

    `decides`  a round in which it does not hold does not count
    """

    about: str
    value: Callable[[Sample], float | None]
    least: float
    most: float
    decides: bool = True

    def holds(self, value: float | None) -> bool:
        return value is None or self.least <= value <= self.most


def event_us(sample: Sample) -> float:
    """CPU microseconds of the server for each token."""
    return sample.cpu_ns / 1e3 / max(1, sample.report.tokens)


def request_us(sample: Sample) -> float:
    """CPU microseconds of the server for each request."""
    return sample.cpu_ns / 1e3 / sample.report.requests


def figures(samples: Samples, server: str) -> Figures:
    """All figures of one server."""

    def middle(scenario: str, value: Value) -> float | None:
        found = [value(s) for s in samples.get((scenario, server), []) if counts(scenario, s)]
        return median(found) if found else None

    def against(scenario: str, other: str, value: Value, compare: Comparison) -> float | None:
        ours, theirs = (samples.get((scenario, name), []) for name in (server, other))
        found = [
            compare(value(our), value(their))
            for our, their in zip(ours, theirs, strict=False)
            if counts(scenario, our) and counts(scenario, their)
        ]
        return median(found) if found else None

    return Figures(
        event_us=middle("p200", event_us),
        event_ratio=against("p200", "nginx", event_us, ratio),
        request_us=middle("req", request_us),
        request_ratio=against("req", "nginx", request_us, ratio),
        burst_us=middle("burst", event_us),
        latency_us=against("p20", DIRECT, lambda s: s.report.latency_p50, difference),
        first_token_ms=against("p20", DIRECT, lambda s: s.report.first_token_p50 / 1e3, difference),
        memory_mb=middle("idle", lambda s: s.memory / s.report.requests / 1e3),
        lost=lost(samples, server),
    )


def ratio(ours: float, theirs: float) -> float:
    """Ours in units of theirs."""
    return ours / theirs


def difference(ours: float, theirs: float) -> float:
    """What ours has more."""
    return ours - theirs


def lost(samples: Samples, server: str) -> int:
    """Tokens lost and requests failed, over every sample of one server."""
    return sum(
        sample.report.lost + sample.report.failed
        for (_, name), found in samples.items()
        if name == server
        for sample in found
    )


def mock_writes(sample: Sample) -> float:
    """The mock's writes for each token, those that carry none left out."""
    return (sample.mock.writes - BESIDES * sample.mock.requests) / max(1, sample.mock.tokens)


def late_share(sample: Sample) -> float:
    """The part of the tokens that the mock wrote late."""
    return sample.mock.late / max(1, sample.mock.tokens)


def server_reads(sample: Sample) -> float | None:
    """The server's reads for each token; None where it reads by what the kernel does not count."""
    reads = sample.calls.reads / max(1, sample.report.tokens)
    return reads if reads > COUNTED else None


def server_writes(sample: Sample) -> float | None:
    """The server's writes for each token; None likewise."""
    writes = sample.calls.writes / max(1, sample.report.tokens)
    return writes if writes > COUNTED else None


def tokens_per_read(sample: Sample) -> float:
    """Tokens for each read of the client's that held one."""
    return sample.report.tokens_per_read


def load_share(sample: Sample) -> float:
    """The part of one core that mock and client need at the pace of p200."""
    cpu_s = sample.mock_cpu_ns / 1e9 + sample.report.cpu_s
    return cpu_s / max(1, sample.report.tokens) * EVENTS_PER_S


RULES = (
    Rule("mock: writes per event ≥ 0.95", mock_writes, 0.95, inf),
    Rule("mock: events over half an interval late ≤ 0.05", late_share, 0, 0.05),
    Rule("server: reads per event ≥ 0.95", server_reads, 0.95, inf),
    Rule("server: writes per event ≥ 0.95", server_writes, 0.95, inf),
    Rule("client: tokens per read ≤ 1.05", tokens_per_read, 0, 1.05),
    Rule("load: share of its core at 10,000 events/s ≤ 0.5", load_share, 0, 0.5, decides=False),
)


def counts(scenario: str, sample: Sample) -> bool:
    """Whether a sample is what its scenario says: one event per read and per write, at p200."""
    return scenario != "p200" or all(
        rule.holds(rule.value(sample)) for rule in RULES if rule.decides
    )


def conditions(samples: Sequence[Sample]) -> list[Condition]:
    """Whether the figure of p200 is what it says, for one server: medians over all its rounds."""
    counted = sum(counts("p200", sample) for sample in samples)
    found = [Condition(f"rounds that counted, of {len(samples)}", counted, counted > 0)]
    for rule in RULES:
        known = [value for value in map(rule.value, samples) if value is not None]
        value = median(known) if known else None
        found.append(Condition(rule.about, value, rule.holds(value)))
    return found
