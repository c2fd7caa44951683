"""Homes for servers that are not going to live long."""

from pathlib import Path

import pytest

from tests.chaos.homes import Home


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A new one, asked of each kind of database."""
    postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_url") if postgres else None
    return Home(tmp_path / "home", url)
