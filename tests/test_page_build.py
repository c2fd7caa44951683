"""How the page is built, and that what is packed holds it."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0  # seconds
PACKAGE = {"name": "page", "version": "1.0.0", "scripts": {"build": "node build.js"}}
LOCK = {
    "name": "page",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {"": {"name": "page", "version": "1.0.0"}},
}
BUILD = """
const fs = require("node:fs");
if (!fs.existsSync("src/page.ts")) throw new Error("there is no page");
fs.mkdirSync(process.env.PAGE_OUT, { recursive: true });
fs.appendFileSync("../times", "x");
"""


class Project:
    """A small one, with a page that counts how often it is built."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("web/package.json", json.dumps(PACKAGE))
        self.write("web/package-lock.json", json.dumps(LOCK))
        self.write("web/build.js", BUILD)
        self.write("web/src/page.ts", "let page;")
        self.write("web/src/page.test.ts", "let test;")
        (root / "scripts").mkdir()
        shutil.copy(ROOT / "scripts" / "page", root / "scripts")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def build(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, self.root / "scripts" / "page", "build"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @property
    def times(self) -> int:
        return len((self.root / "times").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_page_is_built_when_a_source_has_changed_and_not_else(project: Project):
    assert (project.build().returncode, project.times) == (0, 1)
    again = project.build()
    assert (again.returncode, again.stderr, project.times) == (0, "", 1)
    project.write("web/src/page.test.ts", "let other;")
    assert (project.build().returncode, project.times) == (0, 1)
    project.write("web/src/more.ts", "let more;")
    assert (project.build().returncode, project.times) == (0, 2)
    (project.root / "web" / "src" / "more.ts").unlink()
    assert (project.build().returncode, project.times) == (0, 3)


def test_two_at_once_build_it_once(project: Project):
    with ThreadPoolExecutor() as both:
        codes = [done.returncode for done in both.map(lambda _: project.build(), range(2))]
    assert (codes, project.times) == ([0, 0], 1)


def test_a_build_that_fails_says_so_and_is_tried_again(project: Project):
    (project.root / "web" / "src" / "page.ts").unlink()
    for _ in range(2):
        failed = project.build()
        assert failed.returncode != 0
        assert "there is no page" in failed.stderr
        assert "`npm run --silent build` failed in web/" in failed.stderr.splitlines()[-1]


def test_a_distribution_without_sources_needs_no_build(project: Project):
    shutil.rmtree(project.root / "web")
    assert project.build().returncode == 0


def test_what_is_packed_holds_the_page_and_a_wheel_of_the_sdist_builds_nothing(tmp_path: Path):
    uv = Path(sys.executable).with_name("uv")
    # What it needs was fetched when Sluice was installed.
    done = subprocess.run(
        [uv, "build", "--offline", "--out-dir", tmp_path, ROOT],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "Building the page" not in done.stderr.partition("Building wheel")[2]
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    packed = set(ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        brought = {name.partition("/")[2] for name in archive.getnames()}
    page = ROOT / "src" / "sluice" / "page"
    for path in page.rglob("*"):
        if path.is_file() and path.name != ".sources":
            name = path.relative_to(page.parent.parent).as_posix()
            assert (name in packed, f"src/{name}" in brought) == (True, True), name
    assert "sluice/page/built/index.html" in packed
    assert {"web/src/main.tsx", "hatch_build.py", "scripts/page"} <= brought
    assert not [name for name in packed | brought if "node_modules" in name]
