"""Processes: started on a core of their own, awaited, measured from outside, ended.

Knows Linux' clocks and `/proc`, and nothing of what the processes do.
"""

import contextlib
import os
import resource
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

CPUCLOCK_SCHED = 2  # of a process's clock id; see clock_getcpuclockid(3)
START_S = 20.0
STOP_S = 10.0


class Broken(Exception):
    """The benchmark cannot go on. Its text is one line for the person who runs it."""


class Cores(NamedTuple):
    """Where the server runs, and where what puts it under load does."""

    server: int
    load: int


class Calls(NamedTuple):
    """System calls so far, as the kernel counts them: `read` and `write`, not `recv` or `send`."""

    reads: int
    writes: int


class Process:
    """A running program and what it has started; all figures are sums over them.

    Measuring one that has ended raises `Broken`, with its last words.
    """

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self._popen = popen
        self._log = log

    def _broken(self, what: str) -> Broken:
        lines = self._log.read_text(errors="replace").strip().splitlines() or ["without a word"]
        return Broken(f"{self._log.stem} {what}: {lines[-1]}")

    def _all(self) -> list[psutil.Process]:
        if self._popen.poll() is not None:
            raise self._broken("has ended")
        root = psutil.Process(self._popen.pid)
        return [root, *root.children(recursive=True)]

    def cpu_ns(self) -> int:
        """CPU time so far, in nanoseconds, of all threads, ended ones included."""
        return sum(
            time.clock_gettime_ns((~process.pid << 3) | CPUCLOCK_SCHED) for process in self._all()
        )

    def memory(self) -> int:
        """Bytes of memory, where a page that several processes share counts in parts (PSS).

        Without files: how many others have the same libraries open is no doing of its own.
        """
        rollups = [fields(process.pid, "smaps_rollup") for process in self._all()]
        return sum((rollup["Pss_Anon"] + rollup["Pss_Shmem"]) * 1024 for rollup in rollups)

    def calls(self) -> Calls:
        """See `Calls`."""
        each = [fields(process.pid, "io") for process in self._all()]
        return Calls(sum(io["syscr"] for io in each), sum(io["syscw"] for io in each))

    def wait_for(self, port: int) -> None:
        """Return once it listens. Raises `Broken` with its last words if it does not."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._popen.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            time.sleep(0.02)
        raise self._broken(f"does not listen on port {port}")

    def stop(self) -> None:
        """End it, kindly at first, and all that it has started."""
        started = self._all()[1:] if self._popen.poll() is None else []
        self._popen.terminate()
        try:
            self._popen.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        for left in psutil.wait_procs(started, timeout=1)[1]:
            left.kill()


def fields(pid: int, name: str) -> dict[str, int]:
    """The `Name: number` lines of a file of `/proc/PID`."""
    lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
    pairs = (line.split(":") for line in lines if line.count(":") == 1)
    return {key: int(value.split()[0]) for key, value in pairs}


def cores() -> Cores:
    """A core for the server and another one for the load, where there are two."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(server=usable[-1], load=usable[0])


@contextlib.contextmanager
def pinned(core: int) -> Generator[None]:
    """What is started within runs on this core, with all its threads and children."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    core: int,
    port: int,
    work: Path,
    env: Mapping[str, str],
) -> Generator[Process]:
    """A server that listens on its port for as long as the context is open.

    It runs in `work`, where its output goes to `NAME.log`.
    """
    log = work / f"{name}.log"
    with log.open("wb") as out, pinned(core):
        popen = subprocess.Popen(
            command, cwd=work, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    process = Process(popen, log)
    try:
        process.wait_for(port)
        yield process
    finally:
        process.stop()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def allow_many_files() -> None:
    """Let us, and what we start, open as many sockets as the system lets us."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
