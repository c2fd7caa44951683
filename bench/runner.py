"""One run: servers, mock and client side by side, round after round. Measures; words nothing."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.load import Report
from bench.mock import Stats
from bench.processes import Broken, Calls, Cores, Process, free_port, pinned, running
from bench.scenarios import Scenario
from bench.servers import CHAT, ROOT, Server, Start, chat_body, clean_env

WARM_UP = Scenario("warm-up", "", 5, 0, 10, 50)
OPEN_S = 30.0
DIRECT = "direct"


class Target(NamedTuple):
    """Something that is running and can be asked: a server, or the mock itself (`direct`)."""

    name: str
    process: Process
    port: int
    path: str
    body: Callable[[str], str]


class Sample(NamedTuple):
    """One load on one target.

    `cpu_ns`   the server's CPU time
    `calls`    the server's system calls
    `mock`     what the mock did for it, and `mock_cpu_ns` its CPU time
    `memory`   bytes that the server had more while the streams were open; where it was measured
    """

    report: Report
    cpu_ns: int
    calls: Calls
    mock: Stats
    mock_cpu_ns: int
    memory: int


Samples = dict[tuple[str, str], list[Sample]]  # by names of scenario and target; one for each round


class Bench(NamedTuple):
    """The mock, and where things run."""

    mock: Process
    mock_port: int
    cores: Cores
    work: Path

    def direct(self) -> Target:
        """The mock, asked without a server between."""
        return Target(DIRECT, self.mock, self.mock_port, CHAT, chat_body)

    @contextlib.contextmanager
    def serving(self, server: Server) -> Generator[Target]:
        """A server, started, and warm."""
        port = free_port()
        work = self.work / f"{server.name}-{port}"
        work.mkdir()
        start = Start(port, self.mock_port, work)
        env = {**clean_env(), **server.env(start)}
        command = server.command(start)
        with running(
            server.name, command, core=self.cores.server, port=port, work=work, env=env
        ) as process:
            target = Target(server.name, process, port, server.path, server.body)
            self.measure(target, WARM_UP)
            yield target

    def measure(self, target: Target, scenario: Scenario) -> Sample:
        """Put one load on one target."""
        calls, mock, memory = target.process.calls(), self.stats(), 0
        mock_cpu, cpu = self.mock.cpu_ns(), target.process.cpu_ns()
        with self._client(target, scenario) as client:
            if not scenario.repeated:
                before = target.process.memory()
                self._wait_for_tokens(mock.tokens + scenario.streams)
                memory = target.process.memory() - before
            out, err = client.communicate()
        cpu, mock_cpu = target.process.cpu_ns() - cpu, self.mock.cpu_ns() - mock_cpu
        if not out:
            raise Broken(f"the client broke: {err.decode(errors='replace').strip()[-200:]}")
        now = target.process.calls()
        return Sample(
            report=msgspec.json.decode(out, type=Report),
            cpu_ns=cpu,
            calls=Calls(now.reads - calls.reads, now.writes - calls.writes),
            mock=since(mock, self.stats()),
            mock_cpu_ns=mock_cpu,
            memory=memory,
        )

    def stats(self) -> Stats:
        """What the mock has done so far."""
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.mock_port, timeout=10)
        ) as connection:
            connection.request("GET", "/stats")
            return msgspec.json.decode(connection.getresponse().read(), type=Stats)

    @contextlib.contextmanager
    def _client(self, target: Target, scenario: Scenario) -> Generator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "bench.client", "--port", str(target.port)]
        command += ["--path", target.path, "--body", target.body(scenario.model)]
        command += ["--streams", str(scenario.streams), "--requests", str(scenario.requests)]
        command += ["--ramp-ms", str(scenario.ramp_ms)]
        pipe = subprocess.PIPE
        with pinned(self.cores.load):
            client = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe)
        try:
            yield client
        finally:
            client.kill()  # it has ended by itself, unless something broke
            client.communicate()

    def _wait_for_tokens(self, tokens: int) -> None:
        """Return when every stream is open and has had a token: it then holds all that it will."""
        deadline = time.monotonic() + OPEN_S
        while self.stats().tokens < tokens:
            if time.monotonic() > deadline:
                raise Broken("the streams did not open in time")
            time.sleep(0.05)


def since(before: Stats, now: Stats) -> Stats:
    """What the mock did between two looks at it; `open` is as of now."""
    return Stats(
        requests=now.requests - before.requests,
        tokens=now.tokens - before.tokens,
        writes=now.writes - before.writes,
        late=now.late - before.late,
        connections=now.connections - before.connections,
        open=now.open,
    )


@contextlib.contextmanager
def bench(cores: Cores, work: Path) -> Generator[Bench]:
    """The mock, running."""
    port = free_port()
    command = [sys.executable, "-m", "bench.mock", "--port", str(port)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with running("mock", command, core=cores.load, port=port, work=work, env=env) as mock:
        yield Bench(mock, port, cores, work)


def run(
    it: Bench,
    servers: Sequence[Server],
    scenarios: Sequence[Scenario],
    rounds: int,
    say: Callable[[str], None],
) -> Samples:
    """Measure everything: in each round every scenario, and in each scenario every target in turn.

    `say` hears what is going on. A scenario that is not repeated gets servers started afresh, since
    memory that was once taken is not given back.
    """
    samples: Samples = {}
    repeated = [scenario for scenario in scenarios if scenario.repeated]
    if repeated:
        with contextlib.ExitStack() as stack:
            targets = [it.direct(), *(stack.enter_context(it.serving(s)) for s in servers)]
            for number in range(rounds):
                say(f"round {number + 1} of {rounds}")
                for scenario in repeated:
                    for target in targets:
                        sample = it.measure(target, scenario)
                        samples.setdefault((scenario.name, target.name), []).append(sample)
    for scenario in (scenario for scenario in scenarios if not scenario.repeated):
        for server in servers:
            say(f"{scenario.name}: {server.name}")
            with it.serving(server) as target:
                samples[scenario.name, server.name] = [it.measure(target, scenario)]
    return samples
