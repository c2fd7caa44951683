"""`python -m app.main` is `sluice serve`, with all of its options."""

import sys

from sluice.cli import app

if __name__ == "__main__":
    app(["serve", *sys.argv[1:]])
