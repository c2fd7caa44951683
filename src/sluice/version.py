"""The version, in one place: the build, the CLI and `/health` read it here."""

VERSION = "0.1.0"
__version__ = VERSION
