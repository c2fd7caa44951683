"""Puts the repository's root on the path: `bench` is not installed, it is run from there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
