"""Metrics, by prometheus-client. Counted when a run ends, so nothing here is on a token's path."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from sluice.core.events import Attempt
from sluice.services.metering import Record

MODELS = 100  # model names that get a label of their own; names are the clients' to choose
FIRST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
BETWEEN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
TYPE = CONTENT_TYPE_LATEST
STATES = ("closed", "half_open", "open")

Breakers = Callable[[], Mapping[str, str]]


class Counted(NamedTuple):
    """What a run with certain labels is counted by."""

    runs: Counter
    tokens_in: Counter
    tokens_out: Counter
    cost: Counter
    first: Histogram
    between: Histogram


class Metrics:
    """A book that counts. `render` is what `/metrics` says."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        who = ["dialect", "provider", "model"]
        self._known: set[str] = set()
        self._counted: dict[tuple[str, str, str, str], Counted] = {}
        self._runs = self._counter("runs", "Runs that have ended", [*who, "outcome"])
        self._tokens = self._counter("tokens", "Tokens", ["provider", "model", "direction"])
        self._cost = self._counter("cost_usd", "What runs have cost", ["provider", "model"])
        self._retries = self._counter("attempts_failed", "Failed attempts", ["provider", "outcome"])
        self._malformed = self._counter("malformed_chunks", "Chunks skipped", ["provider"])
        self._first = self._times("first_token", "From the start to the first token", FIRST)
        self._between = self._times("between_tokens", "Between tokens, a run's mean", BETWEEN)
        self._lag = Gauge(
            "sluice_event_loop_lag_seconds", "How late the event loop is", registry=self.registry
        )

    def __call__(self, record: Record) -> None:
        receipt = record.receipt
        usage = receipt.usage
        key = record.dialect, *self._labels(receipt.model, usage.output_tokens > 0), record.outcome
        counted = self._counted.get(key) or self._count(*key)
        counted.runs.inc()
        counted.tokens_in.inc(usage.input_tokens)
        counted.tokens_out.inc(usage.output_tokens)
        counted.cost.inc(receipt.cost)
        if receipt.first_token is not None:
            counted.first.observe(receipt.first_token)
            if (more := usage.output_tokens - 1) > 0:
                counted.between.observe((receipt.duration - receipt.first_token) / more)
        self._attempts(receipt.attempts)

    def _attempts(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            name = attempt.model.partition("/")[0]
            if attempt.outcome not in {"ok", "cancelled"}:
                self._retries.labels(name, attempt.outcome).inc()
            if attempt.malformed:
                self._malformed.labels(name).inc(attempt.malformed)

    def _count(self, dialect: str, provider: str, model: str, outcome: str) -> Counted:
        """The counters of these labels: to look them up costs more than to count."""
        counted = Counted(
            runs=self._runs.labels(dialect, provider, model, outcome),
            tokens_in=self._tokens.labels(provider, model, "in"),
            tokens_out=self._tokens.labels(provider, model, "out"),
            cost=self._cost.labels(provider, model),
            first=self._first.labels(provider),
            between=self._between.labels(provider),
        )
        self._counted[dialect, provider, model, outcome] = counted
        return counted

    def lag(self, seconds: float) -> None:
        """How late the event loop was, just now."""
        self._lag.set(seconds)

    def watch(self, readings: Callable[[], Mapping[str, float]], breakers: Breakers) -> None:
        """Read these when asked for metrics: gauges by name, and the state of each breaker."""
        self.registry.register(Readings(readings, breakers))

    def render(self) -> bytes:
        return generate_latest(self.registry)

    def _labels(self, name: str, answered: bool) -> tuple[str, str]:
        provider, _, model = name.partition("/")
        if name not in self._known and (not answered or len(self._known) >= MODELS):
            return provider, "other"
        self._known.add(name)
        return provider, model

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(f"sluice_{name}", text, labels, registry=self.registry)

    def _times(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        name = f"sluice_{name}_seconds"
        return Histogram(name, text, ["provider"], buckets=buckets, registry=self.registry)


class Readings(Collector):
    """What is true at the moment of asking."""

    def __init__(self, readings: Callable[[], Mapping[str, float]], breakers: Breakers) -> None:
        self._readings = readings
        self._breakers = breakers

    def collect(self) -> Iterable[Metric]:
        for name, value in self._readings().items():
            yield GaugeMetricFamily(f"sluice_{name}", name.replace("_", " "), value=value)
        states = GaugeMetricFamily(
            "sluice_breaker", "1 for the state each breaker is in", labels=["model", "state"]
        )
        for model, now in self._breakers().items():
            for state in STATES:
                states.add_metric([model, state], float(state == now))
        yield states
