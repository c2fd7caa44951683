"""A program of its own: llama.cpp's server for one GGUF file, on a free loopback port.

usage: python llama_server.py FILE. Prints its address once the model is loaded, and ends with its
standard input. Unlike the product's own, it tells at `/slots` what it is at.
"""

import os
import sys
from pathlib import Path

import xllamacpp


def main() -> None:
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {Path(sys.argv[1]).name}
    params.n_ctx = 4096
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.endpoint_slots = True
    params.verbosity = 0
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
