"""A GGUF model file, served by llama.cpp beside us. Needs the extra `sluice[gguf]`.

llama.cpp's own server listens on a free loopback port; to us it is one more local server. It runs
in a process of its own (`llama.py`): stopping it inside ours would stand still, and all of Python
with it, until its last client has left, and a failed assertion of its would be the end of us too.
"""

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path

from sluice.settings import BadSetting

PROGRAM = Path(__file__).with_name("llama.py")


async def open_gguf(stack: AsyncExitStack, file: str | None) -> str | None:
    """The address of an OpenAI-compatible server for this file; None where there is no file.

    Returns once the model is loaded; `stack` stops the server. The address cannot be guessed, and
    who knows it may ask. Raises `BadSetting` where the file or the extra is missing, or llama.cpp
    cannot read it.
    """
    if file is None:
        return None
    process = _start(file)
    stack.push_async_callback(asyncio.to_thread, _stop, process)
    assert process.stdout is not None, "a pipe was asked for"
    address = await asyncio.to_thread(process.stdout.readline)
    if not address:
        raise BadSetting("SLUICE_GGUF: llama.cpp cannot read this file")
    return f"{address.decode().strip()}/v1"


def _start(file: str) -> subprocess.Popen[bytes]:
    """It ends with our end of its input, and so even where we are killed."""
    if not Path(file).is_file():
        raise BadSetting(f"SLUICE_GGUF: there is no file {file!r}")
    if find_spec("xllamacpp") is None:
        raise BadSetting("SLUICE_GGUF: install the extra first: pip install 'sluice[gguf]'")
    return subprocess.Popen(
        [sys.executable, "-P", PROGRAM, file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C in the terminal is for us: running streams may finish
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()
