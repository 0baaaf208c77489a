"""One running Sauda for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.api_kit import Served


@pytest.fixture(scope="module")
def sauda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The whole program over a folder of its own, in the continuous session of Friday 20 November 2026."""
    served = Served.open(tmp_path_factory.mktemp("sauda") / "data")
    yield served
    served.close()
