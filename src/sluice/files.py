"""Puts together what a server has for files: where they are kept, inspected and fetched."""

import uuid
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sluice.adapters.fetcher import GuardedFetcher
from sluice.adapters.folder_blobs import FolderBlobs, FolderDrafts
from sluice.adapters.inspector import ProcessInspector
from sluice.adapters.s3_blobs import Bucket, S3Blobs, open_session
from sluice.adapters.sigv4 import Signer
from sluice.services.media.illustrating import Illustrating
from sluice.services.media.library import Library, Measure
from sluice.services.media.ports import Blobs
from sluice.services.media.prompting import Allowance, Prompting
from sluice.settings import BadSetting, Settings
from sluice.stores.sql.database import Database
from sluice.stores.sql.media import SqlCatalogue, SqlDiscards

FOLDER = "media"  # in the data folder


class Files(msgspec.Struct, frozen=True):
    """The files that people give us, and what puts them to questions."""

    library: Library
    illustrating: Illustrating


async def open_files(stack: AsyncExitStack, settings: Settings, database: Database) -> Files:
    """Open the places where files are. Raises `BadSetting`."""
    folder = settings.data_dir / FOLDER
    try:
        drafts = FolderDrafts(folder)
        blobs = await _blobs(stack, settings, folder)
    except OSError as problem:
        raise BadSetting(f"SLUICE_DATA_DIR: {folder}: {problem.strerror}") from None
    inspector = ProcessInspector()
    stack.push_async_callback(inspector.close)
    library = Library(
        SqlCatalogue(database),
        SqlDiscards(database),
        blobs,
        drafts,
        inspector,
        GuardedFetcher(),
        Measure(settings.media_limit, settings.media_quota),
        lambda: str(uuid.uuid4()),
        _now,
    )
    allowance = Allowance(
        settings.media_images, settings.media_image_bytes, settings.media_characters
    )
    return Files(library, Illustrating(library, Prompting(blobs, allowance)))


async def _blobs(stack: AsyncExitStack, settings: Settings, folder: Path) -> Blobs:
    """The folder, or a bucket where one is named."""
    if settings.s3_bucket is None:
        return FolderBlobs(folder)
    access, secret = settings.s3_access_key, settings.s3_secret_key
    if settings.s3_endpoint is None or access is None or secret is None:
        raise BadSetting(
            "SLUICE_S3_BUCKET: needs SLUICE_S3_ENDPOINT, _ACCESS_KEY and _SECRET_KEY besides"
        )
    session = await stack.enter_async_context(open_session())
    signer = Signer(access.get_secret_value(), secret.get_secret_value(), settings.s3_region)
    bucket = Bucket(settings.s3_endpoint, settings.s3_bucket, settings.s3_prefix)
    return S3Blobs(session, bucket, signer, _now)


def _now() -> datetime:
    return datetime.now(UTC)
