"""nginx as a process of its own, with a configuration of the test's, before a server."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import STARTUP

OURS = Path(__file__).parent.parent.parent / "deploy" / "nginx.conf"

# Whatever is not said here is as nginx has it: responses are buffered, upstreams speak HTTP/1.0.
FRAME = """\
worker_processes 1;
daemon off;
pid nginx.pid;
error_log nginx-error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  {rest}
}}
"""


def program() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found is not None, "these tests need nginx"
    return found


def site(port: int, upstream: int, *lines: str) -> str:
    """A `server` that passes everything on, with further lines in its `location`."""
    inside = " ".join([f"proxy_pass http://127.0.0.1:{upstream};", *lines])
    return f"server {{ listen 127.0.0.1:{port}; location / {{ {inside} }} }}"


def example(port: int, upstream: int) -> str:
    """`deploy/nginx.conf`, on other ports."""
    text = OURS.read_text()
    for there, here in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("127.0.0.1:8000", f"127.0.0.1:{upstream}"),
    ):
        assert text.count(there) == 1, there
        text = text.replace(there, here)
    return text


@contextmanager
def serving(folder: Path, port: int, rest: str) -> Iterator[str]:
    """nginx with these lines in its `http` block; gives its address once it listens there."""
    folder.mkdir()
    (folder / "nginx.conf").write_text(FRAME.format(rest=rest))
    command = [program(), "-p", folder, "-c", "nginx.conf", "-e", "nginx-error.log"]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        wait_until_it_listens(port, process, folder / "said")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STARTUP)


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + STARTUP
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > until:
            raise AssertionError(f"no nginx:\n{said.read_text()}")
        time.sleep(0.02)
