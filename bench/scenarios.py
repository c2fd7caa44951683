"""What is done to a server, as a table."""

from typing import NamedTuple

from bench.tokens import model_name


class Scenario(NamedTuple):
    """`requests` answers of `tokens` tokens, one every `interval_ms`, on `streams` connections.

    `ramp_ms`   time over which the connections are opened
    `repeated`  measured in every round; else once, in a process of its own
    """

    name: str
    about: str
    tokens: int
    interval_ms: int
    streams: int
    requests: int
    ramp_ms: int = 0
    repeated: bool = True

    @property
    def model(self) -> str:
        return model_name(self.tokens, self.interval_ms)

    def quick(self) -> "Scenario":
        """The same in small, to see that it works rather than how well."""
        return self._replace(
            tokens=min(self.tokens, 20),
            interval_ms=min(self.interval_ms, 500),
            streams=min(self.streams, 10),
            requests=min(self.requests, 20 if self.repeated else 10),
            ramp_ms=min(self.ramp_ms, 100),
        )


SCENARIOS = (
    Scenario("p200", "200 streams, a token every 20 ms: 10,000 events/s", 100, 20, 200, 200, 1000),
    Scenario("p20", "20 such streams: latency, first token", 100, 20, 20, 40, 100),
    Scenario("burst", "50 streams, as fast as tokens come", 200, 0, 50, 500),
    Scenario("req", "one-token answers on 10 connections: cost of a request", 1, 0, 10, 3000),
    Scenario("idle", "1000 open streams: memory", 2, 4000, 1000, 1000, 1500, repeated=False),
)
