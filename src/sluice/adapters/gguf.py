"""A GGUF model file, served by llama.cpp inside this process. Needs the extra `sluice[gguf]`.

llama.cpp's own server listens on a free loopback port; to us it is one more local server.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

from sluice.settings import BadSetting

CONTEXT = 8192  # tokens that prompt and reply share, for each of the requests at once
AT_ONCE = 4


async def open_gguf(stack: AsyncExitStack, file: str | None) -> str | None:
    """The address of an OpenAI-compatible server for this file; None where there is no file.

    It is stopped by `stack`. Raises `BadSetting` where the file or the extra is missing, or
    llama.cpp cannot read it.
    """
    if file is None:
        return None
    servers = [await asyncio.to_thread(_serve, file)]
    stack.push_async_callback(asyncio.to_thread, servers.clear)  # it stops when nobody holds it
    return f"{servers[0].listening_address}/v1"


def _serve(file: str) -> Any:
    if not os.path.isfile(file):
        raise BadSetting(f"SLUICE_GGUF: there is no file {file!r}")
    try:
        xllamacpp: Any = import_module("xllamacpp")  # an extra: only where its setting asks for it
    except ImportError:
        text = "SLUICE_GGUF: install the extra first: pip install 'sluice[gguf]'"
        raise BadSetting(text) from None
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.n_ctx = CONTEXT * AT_ONCE
    params.n_parallel = AT_ONCE
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    try:
        return xllamacpp.Server(params)
    except RuntimeError:
        raise BadSetting("SLUICE_GGUF: llama.cpp cannot read this file") from None
