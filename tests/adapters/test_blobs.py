"""What is asked of every place where the bytes of files are kept: a folder, an object store.

That a store checks the hash it is told of is the store's part, and not seen here.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE
from typing import NamedTuple

import aiohttp
import pytest

from sluice.adapters.folder_blobs import FolderBlobs, FolderDrafts
from sluice.adapters.s3_blobs import Bucket, S3Blobs, open_session
from sluice.adapters.sigv4 import Signer
from sluice.core.errors import NotFound, PayloadTooLarge, StoreUnavailable
from sluice.services.media.ports import Blobs
from tests.adapters.s3_server import BUCKET, REGION, Store, s3_running
from tests.conftest import free_port

KEY = "3f2a0c1e-0000-4000-8000-000000000001"
OTHER = "3f2a0c1e-0000-4000-8000-000000000002"
SIZES = [0, 1, 65_536, 262_144, 3_000_001]
LARGE = bytes(range(256)) * 4096  # 1 MiB
HASH = hashlib.sha256(LARGE).hexdigest()
CONTINUE, REFUSAL = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
)


class Place(NamedTuple):
    """Blobs, and a look at what files there are, which asks nobody of ours."""

    blobs: Blobs
    files: Callable[[], list[str]]


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def modes_in(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): S_IMODE(path.stat().st_mode) for path in folder.rglob("*")
    }


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    with s3_running() as found:
        yield found


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as found:
        yield found


def s3(session: aiohttp.ClientSession, endpoint: str, signer: Signer) -> S3Blobs:
    bucket = Bucket(endpoint, BUCKET, "files/of-ours/")
    return S3Blobs(session, bucket, signer, lambda: datetime.now(UTC))


@pytest.fixture(params=["folder", "s3"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "folder":
        folder = tmp_path / "media"
        yield Place(FolderBlobs(folder), lambda: files_in(folder))
        return
    store: Store = request.getfixturevalue("store")
    async with open_session() as session:
        blobs = s3(session, store.endpoint, store.signer)
        yield Place(blobs, store.keys)
        for key in (KEY, OTHER, f"{KEY}.prompt"):
            await blobs.delete(key)


async def put(blobs: Blobs, key: str, data: bytes) -> None:
    await blobs.put(key, pieces(data), len(data), hashlib.sha256(data).hexdigest())


async def pieces(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def whole(blobs: Blobs, key: str) -> bytes:
    async with aclosing(blobs.get(key)) as found:
        return b"".join([piece async for piece in found])


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_put_is_got(place: Place, size: int) -> None:
    data = (LARGE * 3)[:size]
    await put(place.blobs, KEY, data)
    assert await whole(place.blobs, KEY) == data


async def test_a_suffix_is_part_of_the_key(place: Place) -> None:
    await put(place.blobs, KEY, b"one")
    await put(place.blobs, f"{KEY}.prompt", b"two")
    assert (await whole(place.blobs, KEY), await whole(place.blobs, f"{KEY}.prompt")) == (
        b"one",
        b"two",
    )


async def test_what_is_not_there_is_not_found_and_can_be_deleted(place: Place) -> None:
    with pytest.raises(NotFound):
        await whole(place.blobs, OTHER)
    await place.blobs.delete(OTHER)


async def test_what_was_deleted_is_gone(place: Place) -> None:
    await put(place.blobs, KEY, b"one")
    assert [name.rpartition("/")[2] for name in place.files()] == [KEY]
    await place.blobs.delete(KEY)
    with pytest.raises(NotFound):
        await whole(place.blobs, KEY)
    assert place.files() == []


async def test_a_reader_may_leave_in_the_middle(place: Place) -> None:
    await put(place.blobs, KEY, LARGE)
    async with aclosing(place.blobs.get(KEY)) as found:
        async for piece in found:
            assert LARGE.startswith(piece)
            break
    assert await whole(place.blobs, KEY) == LARGE


async def test_the_content_is_nobodys_any_more_once_it_was_put(place: Place) -> None:
    async def slow_to_end() -> AsyncGenerator[bytes, None]:
        yield LARGE
        await asyncio.sleep(0.05)

    content = slow_to_end()
    await place.blobs.put(KEY, content, len(LARGE), HASH)
    await content.aclose()


class RefusingStore:
    """Refuses each file: before it has any of it, or in its middle."""

    def __init__(self, *, early: bool) -> None:
        self._early = early

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if not self._early:
            writer.write(CONTINUE)
            await reader.readexactly(len(LARGE))
        writer.write(REFUSAL)
        await writer.drain()
        writer.close()


@pytest.mark.parametrize("early", [True, False])
async def test_the_content_is_nobodys_any_more_once_it_was_refused(
    session: aiohttp.ClientSession, early: bool
) -> None:
    async def stalling() -> AsyncGenerator[bytes, None]:
        yield LARGE
        await asyncio.Event().wait()

    content, port = stalling(), free_port()
    blobs = s3(session, f"http://127.0.0.1:{port}", Signer("anyone", "wrong", REGION))
    async with await asyncio.start_server(RefusingStore(early=early), "127.0.0.1", port):
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(blobs.put(KEY, content, 2 * len(LARGE), HASH), 10)
    await content.aclose()


async def broken() -> AsyncIterator[bytes]:
    yield LARGE[:300_000]
    raise PayloadTooLarge


async def short() -> AsyncIterator[bytes]:
    yield b"short"


@pytest.mark.parametrize("content", [broken, short])
async def test_a_file_that_comes_in_part_is_not_there(
    place: Place, content: Callable[[], AsyncIterator[bytes]]
) -> None:
    with pytest.raises((PayloadTooLarge, StoreUnavailable, ValueError)):
        await place.blobs.put(KEY, content(), len(LARGE), HASH)
    with pytest.raises(NotFound):
        await whole(place.blobs, KEY)
    assert place.files() == []


async def test_a_file_whose_writer_leaves_in_the_middle_is_not_there(place: Place) -> None:
    arrived = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield LARGE[:300_000]
        arrived.set()
        await asyncio.Event().wait()

    putting = asyncio.ensure_future(place.blobs.put(KEY, stalling(), len(LARGE), HASH))
    await arrived.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    with pytest.raises(NotFound):
        await whole(place.blobs, KEY)


NOT_KEYS = ["", "..", "../3f2a0c1e", "3f/../../3f2a0c1e", "3F2A0C1E", "3f2a0c1e\0", "3f2a0c1e/"]


@pytest.mark.parametrize("key", NOT_KEYS)
async def test_a_folder_takes_nothing_for_a_key_that_is_none(tmp_path: Path, key: str) -> None:
    blobs = FolderBlobs(tmp_path / "media")
    with pytest.raises(ValueError, match="not a key"):
        await put(blobs, key, b"one")
    with pytest.raises(ValueError, match="not a key"):
        blobs.get(key)
    with pytest.raises(ValueError, match="not a key"):
        await blobs.delete(key)
    assert files_in(tmp_path) == []


async def test_a_folders_files_are_for_the_servers_eyes_only(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    await put(FolderBlobs(folder), KEY, b"one")
    assert modes_in(tmp_path) == {
        "media": 0o700,
        "media/incoming": 0o700,
        "media/3f": 0o700,
        f"media/3f/{KEY}": 0o600,
    }


async def test_a_draft_is_measured_read_again_and_gone(tmp_path: Path) -> None:
    drafts = FolderDrafts(tmp_path)
    async with drafts.new() as draft:
        async for piece in pieces(LARGE):
            await draft.write(piece)
        await draft.finish()
        assert files_in(tmp_path) == [Path(draft.path).name]
        assert b"".join([piece async for piece in draft.read()]) == LARGE
        assert draft.size == len(LARGE)
        assert draft.sha256 == HASH
    assert files_in(tmp_path) == []


async def test_what_a_killed_process_has_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    FolderDrafts(tmp_path)
    (tmp_path / "incoming" / "left").write_bytes(b"half of it")
    FolderDrafts(tmp_path)
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_a_full_or_broken_disk_is_told_in_our_words(tmp_path: Path) -> None:
    blobs, drafts = FolderBlobs(tmp_path), FolderDrafts(tmp_path)
    (tmp_path / "incoming").rmdir()
    with pytest.raises(StoreUnavailable):
        await put(blobs, KEY, b"one")
    with pytest.raises(StoreUnavailable):
        async with drafts.new():
            pass


ASKING: dict[str, Callable[[S3Blobs], Awaitable[object]]] = {
    "put": lambda blobs: put(blobs, KEY, LARGE),
    "get": lambda blobs: whole(blobs, KEY),
    "delete": lambda blobs: blobs.delete(KEY),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
async def test_a_store_that_knows_no_key_of_ours_is_out_of_reach(
    store: Store,
    session: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    ask: Callable[[S3Blobs], Awaitable[object]],
) -> None:
    wrong = Signer(store.signer.access_key, "wrong-secret", REGION)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(ask(s3(session, store.endpoint, wrong)), 10)
    assert "wrong-secret" not in caplog.text
    assert "403" in caplog.text


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
async def test_a_store_that_is_not_there_is_out_of_reach(
    session: aiohttp.ClientSession, ask: Callable[[S3Blobs], Awaitable[object]]
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(StoreUnavailable):
        await ask(s3(session, nowhere, Signer("anyone", "secret", REGION)))


def test_a_signature_is_what_the_documentation_says_it_is() -> None:
    signer = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9"}
    signed = signer.sign("GET", "/test.txt", headers, empty, datetime(2013, 5, 24, tzinfo=UTC))
    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
