"""Files that are whole or not there at all, for nobody's eyes but the server's."""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


def make_folder(folder: Path) -> None:
    """Make a folder, where there is none. Raises `OSError`."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file. Raises `FileExistsError`, and other `OSError`."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))


@contextmanager
def new_file(path: Path) -> Generator[Path]:
    """A file to write, which gets its name once it is whole and on the disk.

    Raises `FileExistsError` where there is one of that name by then, and other `OSError`.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    make_file(part)
    try:
        yield part
        _sync(part)
        os.link(part, path)  # a rename would replace what is there
    finally:
        part.unlink()
    _sync(path.parent)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
