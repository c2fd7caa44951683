"""An S3-compatible store as a process of its own: moto's server, which keeps files in its memory.

It checks who signs a request and how, but not the hash of a body; it takes a body whole before it
says a word about it, and closes each connection. What other stores do is said by fakes.
https://docs.getmoto.org/en/latest/docs/server_mode.html
https://docs.getmoto.org/en/latest/docs/iam.html
"""

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from sluice.adapters.sigv4 import Signer
from tests.conftest import STARTUP, environment, free_port

BUCKET = "media"
REGION = "eu-central-1"
USER = "sluice"
ALL_OF_S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
# Which of its services is meant, the store reads where a signature would be; none is checked yet.
TO_IAM = {"Authorization": "AWS4-HMAC-SHA256 Credential=nobody/20260101/us-east-1/iam/aws4_request"}


class Store(NamedTuple):
    """A store that runs, and who may use it."""

    endpoint: str
    signer: Signer

    def keys(self) -> list[str]:
        """All keys in the bucket."""
        host, nothing = {"host": urlsplit(self.endpoint).netloc}, hashlib.sha256().hexdigest()
        path = f"/{BUCKET}"
        signed = self.signer.sign("GET", path, host, nothing, datetime.now(UTC))
        return re.findall(r"<Key>(.*?)</Key>", said(Request(self.endpoint + path, headers=signed)))


@contextmanager
def s3_running() -> Iterator[Store]:
    """A store with one empty bucket, and one user."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_ready(endpoint, process)
        said(Request(f"{endpoint}/{BUCKET}", method="PUT"))
        signer = make_user(endpoint)
        check_everyone_from_now_on(endpoint)
        yield Store(endpoint, signer)
    finally:
        process.kill()
        process.wait()


def make_user(endpoint: str) -> Signer:
    """A user who may do all with all buckets; the store makes up the key."""
    policy = {"PolicyName": "all", "PolicyDocument": json.dumps(ALL_OF_S3)}
    iam(endpoint, Action="CreateUser")
    iam(endpoint, Action="PutUserPolicy", **policy)
    key = iam(endpoint, Action="CreateAccessKey")
    (access,) = re.findall(r"<AccessKeyId>(.*?)</AccessKeyId>", key)
    (secret,) = re.findall(r"<SecretAccessKey>(.*?)</SecretAccessKey>", key)
    return Signer(access, secret, REGION)


def iam(endpoint: str, **fields: str) -> str:
    form = urlencode({"Version": "2010-05-08", "UserName": USER, **fields})
    return said(Request(f"{endpoint}/", form.encode(), TO_IAM))


def check_everyone_from_now_on(endpoint: str) -> None:
    unchecked = b"0"  # requests that are let in unseen
    about = {"Content-Type": "text/plain"}
    said(Request(f"{endpoint}/moto-api/reset-auth", unchecked, about))


def said(request: Request | str) -> str:
    with urlopen(request, timeout=STARTUP) as answer:
        return answer.read().decode()


def wait_until_ready(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTUP
    while True:
        try:
            said(f"{endpoint}/moto-api/data.json")
        except URLError:
            assert process.poll() is None, "the store has ended"
            assert time.monotonic() < until, "the store does not listen"
            time.sleep(0.05)
        else:
            return
