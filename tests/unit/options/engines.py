"""Tests that hold for whichever code runs the formulas run on both."""

from collections.abc import Iterator

import pytest

from server.core.errors import Unavailable
from server.options import engine


@pytest.fixture(params=["numpy", "numba"])
def each_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine forced for the test; automatic again afterwards."""
    try:
        engine.use(request.param)
    except Unavailable as absent:
        pytest.skip(f"not run: {absent.detail}")
    assert engine.active() == request.param
    yield request.param
    engine.use("auto")
