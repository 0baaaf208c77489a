"""The rulebook that ships, read once."""

import pytest

from server.core.paths import bundled
from server.rulebook import Rulebook


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return Rulebook.load(bundled("config") / "rules")


@pytest.fixture(scope="session")
def without_december() -> Rulebook:
    return Rulebook.load(bundled("config") / "rules", without=frozenset({"sebi-2026-12"}))
