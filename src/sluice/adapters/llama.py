"""A program of its own: llama.cpp serves one GGUF file. usage: python llama.py FILE

Says its address on standard output once the model is loaded, and ends with its standard input;
says nothing and fails where llama.cpp cannot read the file. Knows nothing else of ours.
"""

import os
import secrets
import sys
from importlib import import_module
from typing import Any

CONTEXT = 8192  # tokens that prompt and reply share, for each of the requests at once
AT_ONCE = 4
RESULTS_ONLY = 0  # of llama.cpp's verbosities; with 3, its usual one, a start takes 20 lines


def main(file: str) -> None:
    """Serve until nobody holds the other end of our input any more."""
    # Web pages and other users can reach the port, but not guess this.
    secret = f"/{secrets.token_urlsafe(16)}"
    try:
        server = serve(import_module("xllamacpp"), file, secret)
    except RuntimeError:
        sys.exit(1)
    print(f"{server.listening_address}{secret}", flush=True)  # noqa: T201  for who started us
    sys.stdin.buffer.read()
    os._exit(0)  # dropping the server instead would wait until the last client has left


def serve(xllamacpp: Any, file: str, prefix: str) -> Any:
    """A server that runs, on a free loopback port. Raises `RuntimeError` for a bad file."""
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.n_ctx = CONTEXT * AT_ONCE
    params.n_parallel = AT_ONCE
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_prefix = prefix
    params.ui = False
    params.endpoint_slots = False  # it would show what is being generated
    params.verbosity = RESULTS_ONLY
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main(sys.argv[1])
