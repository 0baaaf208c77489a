"""Fixtures of the simulator's tests: one rulebook, and simulators on a clock that tests move."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from server.core.clock import ManualClock
from server.feeds.simulator.feed import Simulator
from server.rulebook import Rulebook

RULES = Path(__file__).resolve().parents[4] / "config" / "rules"
FRIDAY = date(2026, 11, 20)
MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

Make = Callable[..., tuple[Simulator, ManualClock]]


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    """The rules as shipped."""
    return Rulebook.load(RULES)


@pytest.fixture
def make(rulebook: Rulebook) -> Make:
    """Makes a simulator and its clock; arguments go to `Simulator`."""

    def build(at: datetime = MORNING, **options: object) -> tuple[Simulator, ManualClock]:
        clock = ManualClock(at)
        return Simulator(rulebook, clock, **options), clock  # type: ignore[arg-type]

    return build


@pytest.fixture(scope="session")
def calm(rulebook: Rulebook) -> Simulator:
    """A simulator on its first day, only for reading its tape."""
    simulator = Simulator(rulebook, ManualClock(MORNING), seed=7)
    simulator.instruments()
    return simulator
