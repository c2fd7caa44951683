"""Builds the page into the package, for wheels, sdists and editable installs alike.

How is known to `scripts/page`, which does nothing where the page stands there already.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INDEX = Path("src", "sluice", "page", "built", "index.html")


class PageHook(BuildHookInterface[Any]):
    """What hatchling calls before it packs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build. A page that cannot be built ends the whole build, with a line that says so."""
        root = Path(self.root)
        done = subprocess.run([sys.executable, root / "scripts" / "page", "build"], check=False)
        if done.returncode or not (root / INDEX).exists():
            self.app.abort("The page could not be built, and so Sluice was not: see above.")
