"""What files turn into, and processes that hang, die, lie or have nothing to do."""

import asyncio
import io
import os
import resource
import signal
import sys
import zlib
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import psutil
import pytest
import uvloop
from PIL import Image

from sluice.adapters.images import LARGEST
from sluice.adapters.inspecting import MEMORY
from sluice.adapters.inspector import ProcessInspector
from sluice.adapters.verdicts import READY, Judged, framed
from sluice.adapters.worker import Died, Worker
from sluice.core.errors import Interrupted, InvalidRequest, Overloaded, UnsupportedMediaType
from tests.hostile import HIDDEN, is_worker
from tests.hostile.papers import paged
from tests.hostile.pictures import exif, header, noise, png, saved
from tests.hostile.strangers import docx

SHORT = 0.5  # seconds of patience, where it is to run out

Open = Callable[..., ProcessInspector]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Makes inspectors, and sees to it that nothing is left of them."""
    inspectors: list[ProcessInspector] = []

    def make(*given: int, **more: float) -> ProcessInspector:
        inspectors.append(ProcessInspector(*given, **more))  # pyright: ignore[reportArgumentType]
        return inspectors[-1]

    yield make
    for inspector in inspectors:
        await inspector.close()
    assert workers() == []


@pytest.fixture
def text(tmp_path: Path) -> str:
    return kept(tmp_path, b"Hello")


@pytest.fixture
def hanging(tmp_path: Path) -> str:
    """A file that is never read to its end: it is a pipe, and nobody writes to it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


def kept(folder: Path, content: bytes) -> str:
    path = folder / "file"
    path.write_bytes(content)
    return str(path)


def workers() -> list[psutil.Process]:
    """Those of this process's children that look into files; other tests have servers."""
    return [child for child in psutil.Process().children() if is_worker(child)]


async def reading(path: str) -> int:
    """The process that waits for something to come through a pipe, once there is one."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(30):
        return await loop.run_in_executor(None, lambda: os.open(path, os.O_WRONLY))


def shown(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


async def test_a_picture_is_made_anew(opened: Open, tmp_path: Path) -> None:
    inspector = opened()
    opaque = Image.new("RGBA", (9, 9), (1, 2, 3, 255))
    half = png(header(1, 1, 16), zlib.compress(b"\0\xc7\xfc"))
    table = [  # the file, and how its prompt is: type, mode, size
        (saved(noise(side=40).resize((40, 20)), "JPEG", exif=exif(6)), "JPEG", "RGB", (20, 40)),
        (saved(noise().resize((5000, 100)), "PNG"), "JPEG", "RGB", (2048, 41)),
        (saved(noise("CMYK"), "JPEG"), "JPEG", "RGB", (64, 64)),
        (saved(noise("RGBA"), "WEBP", lossless=True), "PNG", "RGBA", (64, 64)),
        (saved(opaque, "PNG"), "JPEG", "RGB", (9, 9)),
        (saved(noise("L"), "GIF"), "JPEG", "L", (64, 64)),
        (half, "JPEG", "L", (1, 1)),
    ]
    for content, kind, mode, size in table:
        found = await inspector.inspect(kept(tmp_path, content))
        picture = shown(found.prompt)
        assert (picture.format, picture.mode, picture.size) == (kind, mode, size)
        assert found.prompt_type == f"image/{kind.lower()}"
        assert not picture.getexif()
    assert shown(found.prompt).getpixel((0, 0)) == 0xC7  # of the 0xC7FC of 16 bits


async def test_a_picture_fits_into_a_prompt(opened: Open, tmp_path: Path) -> None:
    content = saved(noise("RGBA", 2048), "PNG", compress_level=0)
    found = await opened().inspect(kept(tmp_path, content))
    assert len(content) > 4 * LARGEST
    assert len(found.prompt) <= LARGEST
    assert shown(found.prompt).size == (896, 896)


async def test_what_a_picture_says_besides_is_dropped(opened: Open, tmp_path: Path) -> None:
    said = saved(noise(), "JPEG", exif=exif(1), comment=HIDDEN, icc_profile=HIDDEN) + HIDDEN
    found = await opened().inspect(kept(tmp_path, said))
    assert HIDDEN not in found.prompt
    assert set(shown(found.prompt).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


async def test_a_document_is_its_text(opened: Open, tmp_path: Path) -> None:
    inspector = opened()
    for content, content_type, prompt in [
        (paged(2), "application/pdf", "What it says\n\nWhat it says"),
        (b"one\r\ntwo\rthree\n\n", "text/plain", "one\ntwo\nthree"),
        ("ệ".encode("utf-16"), "text/plain", "ệ"),
        ("e\u0323\u0302".encode(), "text/plain", "ệ"),
        (b"\xef\xbb\xbf<svg/>", "text/plain", "<svg/>"),
    ]:
        found = await inspector.inspect(kept(tmp_path, content))
        assert (found.content_type, found.prompt.decode()) == (content_type, prompt)
        assert found.prompt_type == "text/plain"


async def test_what_is_neither_is_not_supported(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaType, match="taken"):
        await opened().inspect(kept(tmp_path, docx()))


async def test_a_file_that_is_gone_could_not_be_read(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="could not be read"):
        await opened().inspect(str(tmp_path / "gone"))


async def test_nobody_pays_who_shows_no_file(opened: Open) -> None:
    opened()
    assert workers() == []


async def test_a_process_is_confined(
    opened: Open, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    await opened().inspect(text)
    (worker,) = workers()
    assert set(worker.environ()) <= {"MALLOC_ARENA_MAX", "LC_CTYPE"}
    limits = {
        resource.RLIMIT_DATA: MEMORY,
        resource.RLIMIT_AS: 2 * MEMORY,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    assert {limit: worker.rlimit(limit) for limit in limits} == {
        limit: (most, most) for limit, most in limits.items()
    }
    soft, _ = worker.rlimit(resource.RLIMIT_CPU)
    assert 10 <= soft <= 30
    assert os.getsid(worker.pid) != os.getsid(0)


async def test_a_process_serves_many_files_and_is_then_replaced(opened: Open, text: str) -> None:
    inspector = opened(files=2)
    seen: list[int] = []
    for _ in range(3):
        await inspector.inspect(text)
        seen.extend(worker.pid for worker in workers())
    assert len(seen) == 2  # none is there after the second file
    assert len(set(seen)) == 2


async def test_a_process_without_work_goes(opened: Open, text: str) -> None:
    await opened(rest=0.01).inspect(text)
    async with asyncio.timeout(10):
        while workers():  # noqa: ASYNC110  the system tells nobody
            await asyncio.sleep(0.01)


async def test_a_file_that_takes_too_long_is_refused(opened: Open, text: str, hanging: str) -> None:
    inspector = opened(patience=SHORT)
    with pytest.raises(InvalidRequest, match="too long"):
        await inspector.inspect(hanging)
    assert workers() == []
    assert (await inspector.inspect(text)).prompt == b"Hello"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGKILL, "could not be read"),
        (signal.SIGSEGV, "could not be read"),
        (signal.SIGXCPU, "too long"),
    ],
)
async def test_a_process_that_dies_costs_one_file(
    opened: Open, text: str, hanging: str, number: signal.Signals, said: str
) -> None:
    inspector = opened()
    asked = asyncio.create_task(inspector.inspect(hanging))
    writer = await reading(hanging)
    workers()[0].send_signal(number)
    with pytest.raises(InvalidRequest, match=said):
        await asked
    os.close(writer)
    assert (await inspector.inspect(text)).prompt == b"Hello"


async def test_a_process_that_nobody_waits_for_is_killed(
    opened: Open, text: str, hanging: str
) -> None:
    inspector = opened()
    asked = asyncio.create_task(inspector.inspect(hanging))
    writer = await reading(hanging)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    os.close(writer)
    assert workers() == []
    assert (await inspector.inspect(text)).prompt == b"Hello"


async def test_only_so_many_wait(opened: Open, text: str, hanging: str) -> None:
    inspector = opened(waiting=1)
    first = asyncio.create_task(inspector.inspect(hanging))
    writer = await reading(hanging)
    second = asyncio.create_task(inspector.inspect(text))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await inspector.inspect(text)
    os.close(writer)  # the first file ends, and was none
    with pytest.raises(InvalidRequest, match="could not be read"):
        await first
    assert (await second).prompt == b"Hello"


async def test_the_end_interrupts_all(opened: Open, text: str, hanging: str) -> None:
    inspector = opened()
    asked = [asyncio.create_task(inspector.inspect(path)) for path in (hanging, text, text)]
    writer = await reading(hanging)
    await inspector.close()
    assert workers() == []
    found = await asyncio.gather(*asked, inspector.inspect(text), return_exceptions=True)
    assert [type(one) for one in found] == [Interrupted] * 4
    os.close(writer)


async def test_an_end_while_a_process_starts_leaves_none(opened: Open, text: str) -> None:
    inspector = opened()
    asked = asyncio.create_task(inspector.inspect(text))
    await asyncio.sleep(0)
    await inspector.close()
    with pytest.raises(Interrupted):
        await asked
    assert workers() == []


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        framed(b"nonsense"),
        framed(msgspec.msgpack.encode(Judged("text/html", "text/plain", 1))) + b"a",
        framed(msgspec.msgpack.encode(Judged("image/png", "text/html", 1))) + b"a",
        framed(msgspec.msgpack.encode(Judged("image/png", "image/png", 2**31))),
        framed(msgspec.msgpack.encode(Judged("image/png", "image/png", -1))),
        framed(msgspec.msgpack.encode(Judged("image/png", "image/png", 5))) + b"four",
    ],
)
async def test_a_process_that_has_been_taken_over_is_not_believed(said: bytes) -> None:
    program = "import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))"
    worker = Worker(
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, (READY + said).hex(), stdin=PIPE, stdout=PIPE
        )
    )
    await worker.be_ready()
    with pytest.raises(Died):
        await worker.ask(b"file")
    await worker.end()


def test_it_works_under_uvloop(tmp_path: Path) -> None:
    async def work() -> bytes:
        inspector = ProcessInspector(patience=SHORT)
        found = await inspector.inspect(kept(tmp_path, b"Hello"))
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InvalidRequest, match="too long"):
            await inspector.inspect(str(tmp_path / "pipe"))
        await inspector.inspect(kept(tmp_path, b"Hello"))
        await inspector.close()
        return found.prompt

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(work()) == b"Hello"
    assert workers() == []
