"""A bench for each test."""

from pathlib import Path

import pytest

from tests.unit.feeds.replay.kit import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An importer on an empty folder."""
    return Bench(tmp_path)
