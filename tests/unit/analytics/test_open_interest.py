"""What the change of open interest is counted from: the session before where it is known, else the first seen."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from server.analytics.open_interest import OpeningInterest
from server.core.errors import Unavailable
from tests.trading import rulebook
from tests.unit.market.kit import MemoryStore

KEYS = ["NFO:A", "NFO:B", "NFO:C"]
ROWS = np.array([0, 1, 2, -1])


class Listed:
    """As much of a catalogue as is asked."""

    def __len__(self) -> int:
        return len(KEYS)

    def find(self, key: str) -> int | None:
        return KEYS.index(key) if key in KEYS else None


def market(store: MemoryStore | None, at: list[datetime], day: date = date(2026, 11, 20)) -> Any:
    return SimpleNamespace(id="m", day=day, feed=None, store=store, catalogue=Listed(), now=lambda: at[0])


async def test_opening_when_the_store_knows_some_then_the_others_count_from_the_first_seen() -> None:
    store = MemoryStore()
    store.closing = {"NFO:A": 500, "NFO:B": 0, "NFO:GONE": 7}
    at = [datetime(2026, 11, 20, 5, 0, tzinfo=UTC)]
    where, interest = market(store, at), OpeningInterest(rulebook())
    await interest.ready(where)
    first = interest.of(where, ROWS, np.array([600.0, 40.0, 90.0, np.nan]))
    assert first.oi.tolist()[:3] == [500.0, 0.0, 90.0]
    assert np.isnan(first.oi[3])
    assert first.first == 1
    later = interest.of(where, ROWS, np.array([650.0, 50.0, 120.0, np.nan]))
    assert later.oi.tolist()[:3] == [500.0, 0.0, 90.0]


async def test_opening_when_a_replay_is_set_back_then_nothing_that_lies_ahead_is_counted_from() -> None:
    at = [datetime(2026, 11, 20, 9, 0, tzinfo=UTC)]
    where, interest = market(None, at), OpeningInterest(rulebook())
    await interest.ready(where)
    assert interest.of(where, ROWS, np.array([600.0, 40.0, 90.0, np.nan])).first == 3
    at[0] = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
    back = interest.of(where, ROWS, np.array([100.0, np.nan, 10.0, np.nan]))
    assert (back.oi[0], back.oi[2], back.first) == (100.0, 10.0, 2)
    assert np.isnan(back.oi[1])


async def test_opening_when_the_store_fails_then_the_chain_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> dict[str, int]:
        raise Unavailable("The store is busy.", code="store.busy")

    store = MemoryStore()
    monkeypatch.setattr(store, "closing_interest", broken)
    where, interest = market(store, [datetime(2026, 11, 20, 5, 0, tzinfo=UTC)]), OpeningInterest(rulebook())
    await interest.ready(where)
    assert interest.of(where, ROWS, np.array([600.0, 40.0, 90.0, np.nan])).first == 3
    await interest.close()
