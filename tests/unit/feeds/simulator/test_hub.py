"""What the simulator sends is what the market engine takes."""

from datetime import UTC, datetime

import numpy as np

from server.core.clock import to_ns
from tests.unit.feeds.simulator.conftest import Make
from tests.unit.market.kit import make_hub


async def test_send_when_hub_screens_then_nothing_is_dropped(make: Make) -> None:
    simulator, _ = make(scenario="crash", volatility=2.0)
    sent = 0
    for begin in (0, 20_000, 60_000, 86_000, 90_300, 92_100):
        hub, _, market = make_hub(simulator.instruments(), closes=simulator.previous_closes())
        for at in range(begin, min(begin + 300, simulator.tape().steps), 60):
            part = simulator.tape().batch(at, 60, 1.0)
            if part is None:
                continue
            market.jump(datetime.fromtimestamp(int(part.time_ns[-1]) / 1e9, tz=UTC))
            hub.intake(part)
            while hub.drain():
                pass
            sent += len(part.rows)
        stats = hub.intake_stats()
        assert stats.drops == {}
        assert stats.kept == stats.ticks
    assert sent > 30_000


async def test_send_when_minutes_fold_in_the_hub_then_the_bars_of_history(make: Make) -> None:
    simulator, _ = make()
    hub, _, market = make_hub(simulator.instruments(), closes=simulator.previous_closes())
    for begin in range(0, 3 * 240, 60):
        part = simulator.tape().batch(begin, 60, 1.0)
        assert part is not None
        market.jump(datetime.fromtimestamp(int(part.time_ns[-1]) / 1e9, tz=UTC))
        hub.intake(part)
        while hub.drain():
            pass
    simulator.control("seek", to=datetime(2026, 11, 20, 4, 0, tzinfo=UTC))
    until = datetime(2026, 11, 20, 3, 48, tzinfo=UTC)
    told = {}
    for keys, bars in simulator.minute_bars(datetime(2026, 11, 20, 3, 45, tzinfo=UTC), until):
        for n, key in enumerate(keys):
            told[key, int(bars.start_ns[n])] = (bars.open[n], bars.high[n], bars.low[n], bars.close[n], bars.volume[n])
    for key in ("NSE_INDEX:NIFTY", "NSE:RELIANCE", "NSE_INDEX:INDIAVIX"):
        folded = await hub.bars(key, "1m", to_ns(until), 10)
        assert len(folded.start_ns) == 3
        for n, start in enumerate(folded.start_ns.tolist()):
            seen = (folded.open[n], folded.high[n], folded.low[n], folded.close[n], folded.volume[n])
            assert np.allclose(np.array(seen, dtype=float), np.array(told[key, start], dtype=float))
