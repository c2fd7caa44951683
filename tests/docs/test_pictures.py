"""The pictures of the page: one of each view, at each width, in light and dark."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from tests.browser.test_page_views import VIEWS

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("screenshots", str(ROOT / "scripts" / "screenshots"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # none beside a command
    loader.exec_module(module)
    sys.dont_write_bytecode = writes
    return module


def test_each_view_has_its_pictures_and_there_are_no_others(script: ModuleType):
    wanted = {
        f"{view.name}-{width}-{scheme}.webp"
        for view in script.VIEWS
        for width in script.SIZES
        for scheme in script.SCHEMES
    }
    assert {path.name for path in script.FOLDER.iterdir()} == wanted


def test_every_view_that_is_tested_is_pictured(script: ModuleType):
    assert set(VIEWS) <= {view.path for view in script.VIEWS}
