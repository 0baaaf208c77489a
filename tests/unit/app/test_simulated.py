"""The keeper of the simulated market: charts have their past after the first start, and it is written once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from server.app.settings import Market, Settings
from server.app.simulated import MARKET, Simulated
from server.core.bus import Bus
from server.core.clock import ManualClock, to_ns
from server.market.ports import BarColumns
from server.rulebook import Rulebook
from server.storage.timeseries.store import DuckStore

RULES = Path(__file__).resolve().parents[3] / "config" / "rules"
MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
KEYS = ("NSE_INDEX:NIFTY", "NFO:NIFTY23NOV26FUT", "NFO:NIFTY23NOV2624400CE")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DuckStore]:
    made = DuckStore(tmp_path / "ticks.duckdb", ManualClock(MORNING))
    made.start()
    yield made
    made.close()


def keeper(folder: Path, clock: ManualClock) -> Simulated:
    settings = Settings(market=Market(history_days=1))
    return Simulated(folder, settings, Rulebook.load(RULES), clock, Bus())


async def stored(store: DuckStore, key: str, interval: str = "1m") -> BarColumns:
    await store.flush()
    return await store.bars(MARKET, key, interval, 0, to_ns(MORNING), 1_000)


async def test_fill_when_first_started_then_charts_have_their_past(tmp_path: Path, store: DuckStore) -> None:
    simulated = keeper(tmp_path, ManualClock(MORNING))
    await simulated.fill_history(store)
    closes = simulated.feed.previous_closes()
    for key in KEYS:
        bars = await stored(store, key)
        assert len(bars.start_ns) >= 360
        assert bars.close[-1] == closes[key]
    assert len((await stored(store, KEYS[0], "1d")).start_ns) == 250


async def test_fill_when_done_before_then_nothing_is_drawn_again(
    tmp_path: Path, store: DuckStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(MORNING)
    await keeper(tmp_path, clock).fill_history(store)
    again = keeper(tmp_path, clock)

    def draw(days: int, daily: int) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(again.feed, "past", draw)
    await again.fill_history(store)


async def test_fill_when_cut_before_its_end_then_made_good_at_the_next_start(tmp_path: Path, store: DuckStore) -> None:
    clock = ManualClock(MORNING)
    cut = keeper(tmp_path, clock)
    pieces = cut.feed.past(1, 250)
    for _ in range(3):
        piece = next(pieces)
        store.put_bars(MARKET, piece.interval, piece.keys, piece.bars)
    assert len((await stored(store, KEYS[1])).start_ns) == 0
    await keeper(tmp_path, clock).fill_history(store)
    future = await stored(store, KEYS[1])
    assert len(future.start_ns) >= 360
    assert np.all(np.diff(future.start_ns) > 0)
