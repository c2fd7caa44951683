"""`python -m sluice` is the same as `sluice`."""

from sluice.cli import main

main()
