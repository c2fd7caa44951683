"""How the tests are shared out among processes, by pytest-xdist, a file at a time.

Files whose tests wait for servers, browsers and clocks come first: what is long must not be left
over at the end, and what is short fills the gaps.
"""

import gc
import os
from collections.abc import Generator

import pytest

LONG = {"browser", "chaos", "clients", "load"}  # the markers of such tests


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: on the whole, every third test waits."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = {one.path for one in items if LONG & {mark.name for mark in one.iter_markers()}}
    items.sort(key=lambda one: one.path not in first)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nobody looks for garbage while everything is imported, nor ever among what is there then."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()
