"""A ledger with one funded account and the real rulebook."""

from datetime import UTC, datetime

import pytest

from server.core.clock import ManualClock
from server.core.ids import Ids
from server.ledger.ledger import Ledger
from tests.trading import ist, rulebook


@pytest.fixture
def ledger() -> Ledger:
    """Rs 5,00,000 in `paper-sim`."""
    clock = ManualClock(datetime(2026, 11, 20, 4, tzinfo=UTC))
    made = Ledger(rulebook(), Ids(clock, lambda bits: 0), clock)
    made.load("paper-sim", "zerodha")
    made.fold(made.deposit("paper-sim", 50_000_000, "start", ist("09:00")))
    return made
