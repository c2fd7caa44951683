"""Asks the nursery for a process; as a program, stands for that process until it has ended.

usage: python -I -S errand.py ADDRESS ARGUMENT...

It imports next to nothing, which is the point: `nursery.py` says why.
"""

import json
import os
import resource
import signal
import socket
import sys

NUMBER = 32  # bytes that the nursery says a number in: a process's id, and then its exit code


def begun(
    address: str, arguments: list[str], folder: str, environment: dict[str, str], files: list[int]
) -> socket.socket:
    """Ask for a process with these as its standard input, output and error, and with our limit on
    open files. It ends with what is returned, which says its id and, in the end, its exit code."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    found.connect(address)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    request = json.dumps([arguments, folder, environment, limit])
    socket.send_fds(found, [request.encode()], files)
    return found


def number(said: bytes) -> int:
    assert said, "the nursery is closed: its standard error says why"
    return int(said)


def main() -> None:
    address, *arguments = sys.argv[1:]
    handed_on = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, handed_on)
    with begun(address, arguments, os.getcwd(), dict(os.environ), [0, 1, 2]) as life:
        for file in (0, 1, 2):
            os.close(file)  # whoever reads what is said waits for its end
        pid = number(life.recv(NUMBER))
        for one in handed_on:
            signal.signal(one, lambda given, _: os.kill(pid, given))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handed_on)
        code = number(life.recv(NUMBER))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
