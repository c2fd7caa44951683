"""Hundreds of files that were made to break what reads them, all through one real inspector."""

import asyncio
import re
from itertools import chain
from pathlib import Path

import psutil

from sluice.adapters.inspector import ProcessInspector
from sluice.core.errors import SluiceError
from tests.hostile import HIDDEN, TEXT, Case, is_worker, papers, pictures, strangers

AT_ONCE = 2


async def outcome(inspector: ProcessInspector, path: Path) -> tuple[str, bytes]:
    try:
        found = await inspector.inspect(str(path))
    except SluiceError as refusal:
        return f"{refusal.code}: {refusal.message}", b""
    return f"{found.content_type} as {found.prompt_type}", found.prompt


async def test_each_hostile_file_is_refused_with_a_reason_or_made_harmless(tmp_path: Path) -> None:
    us = psutil.Process()
    before = us.num_fds()
    # What takes too long is told by the processor's time: the clock's is others' too.
    inspector = ProcessInspector(AT_ONCE, patience=60.0)
    left = chain(pictures.cases(), papers.cases(), strangers.cases())
    wrong: dict[str, str] = {}
    names: set[str] = set()

    async def judge(case: Case, path: Path) -> None:
        await asyncio.to_thread(path.write_bytes, case.content)
        line, prompt = await outcome(inspector, path)
        if not re.fullmatch(case.outcome, line):
            wrong[case.name] = line
        if line.startswith(("image", "application")) and HIDDEN in prompt:
            wrong[case.name] = "shows what was hidden in it"

    async def work(path: Path) -> None:
        for case in left:
            names.add(case.name)
            await judge(case, path)

    await asyncio.gather(*(work(tmp_path / f"file {number}") for number in range(AT_ONCE)))
    assert wrong == {}
    assert len(names) >= 200
    last = Case("a sound one", b"Still there?", TEXT)
    await judge(last, tmp_path / "sound")
    assert wrong == {}
    await inspector.close()
    assert not any(map(is_worker, us.children()))
    assert us.num_fds() <= before + 1  # the first process may bring a watcher with it
