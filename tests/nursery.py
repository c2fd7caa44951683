"""Where servers come from: processes that are forked from one that has imported Sluice already.

The imports are most of what a start costs, two seconds of a processor, and the tests start
hundreds of servers and commands. What is forked does all that `python -m sluice` does after its
imports, with arguments, a folder, an environment and files of its own, and ends as a program ends.

`Nursery` is the tests' side; as a program, this file is the process that is forked. It ends when
the other end of its standard input is closed.
"""

import gc
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from tests.errand import NUMBER, begun, number

REQUEST = 1 << 17  # bytes: arguments and an environment
ERRAND = Path(__file__).with_name("errand.py")


class Forked:
    """A process that is a child of another one's; the part of `subprocess.Popen` that is used."""

    def __init__(self, life: socket.socket) -> None:
        self.pid = number(life.recv(NUMBER))
        self.returncode: int | None = None
        self._life = life

    def poll(self) -> int | None:
        """The exit code; none while it lives."""
        if self.returncode is None and self._ends_within(0.0):
            # Left where it is, since somebody else may be waiting for it too.
            self.returncode = number(self._life.recv(NUMBER, socket.MSG_PEEK))
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, which has to come within so many seconds."""
        if self.returncode is None and not self._ends_within(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended just now
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Kill it, if it lives, and forget it."""
        self._life.close()

    def _ends_within(self, timeout: float | None) -> bool:
        watch = select.poll()
        watch.register(self._life, select.POLLIN)
        return bool(watch.poll(None if timeout is None else timeout * 1000))


class Nursery:
    """The process that has imported everything."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-")
        self._address = f"{self._folder.name}/nursery"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.bind(self._address)
            door.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.nursery", str(door.fileno())],
                stdin=subprocess.PIPE,
                cwd=self._folder.name,
                env={**environment, "PYTHONPATH": str(Path(__file__).parent.parent)},
                pass_fds=[door.fileno()],
            )

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: dict[str, str],
        out: BinaryIO,
        errors: BinaryIO,
    ) -> Forked:
        """Start `sluice` with these arguments, and nothing to read."""
        with Path(os.devnull).open("rb") as nothing:
            files = [nothing.fileno(), out.fileno(), errors.fileno()]
            return Forked(begun(self._address, list(arguments), str(folder), environment, files))

    @property
    def command(self) -> tuple[str, ...]:
        """A program that is `sluice`; its arguments are to follow."""
        return (sys.executable, "-I", "-S", str(ERRAND), self._address)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()


def raised(door: socket.socket) -> list[str]:
    """Fork for whoever knocks. Comes back in what is forked, with its arguments."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that is for the tests, which then close us
    gc.collect()
    gc.freeze()  # or whoever is forked goes through all of it again, and copies it
    watch = select.poll()
    watch.register(door, select.POLLIN)
    watch.register(0, select.POLLIN)
    while True:
        if 0 in [file for file, _ in watch.poll()]:
            os._exit(0)
        life, _ = door.accept()
        if os.fork() == 0:
            door.close()
            return born(life)
        life.close()
        with suppress(ChildProcessError):  # there is none any more
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def born(life: socket.socket) -> list[str]:
    """Fork once more, and attend that process. Comes back in it, with its arguments."""
    request, files, _, _ = socket.recv_fds(life, REQUEST, 3)
    if (pid := os.fork()) != 0:
        for file in (0, 1, 2, *files):
            os.close(file)
        attend(life, pid)
    arguments, folder, environment, limit = json.loads(request)
    for at, file in enumerate(files):
        os.dup2(file, at)
    os.closerange(3, max(life.detach(), *files) + 1)
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    os.chdir(folder)
    sys.path[0] = folder  # as `python -m` does
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return arguments


def attend(life: socket.socket, pid: int) -> NoReturn:
    """Tell whoever asked of a process's birth and end; it is killed when they are gone."""
    life.send(b"%d" % pid)
    watch = select.poll()
    watch.register(life, select.POLLIN)
    watch.register(os.pidfd_open(pid), select.POLLIN)
    if life.fileno() in [file for file, _ in watch.poll()]:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):  # nobody listens
        life.send(b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


if __name__ == "__main__":
    from tests.light import main  # what takes so long; the tests' side has no need of it

    sys.argv = ["sluice", *raised(socket.socket(fileno=int(sys.argv[1])))]
    main()
