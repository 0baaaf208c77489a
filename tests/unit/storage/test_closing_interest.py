"""Open interest at the end of a session, for a whole market in one query."""

from pathlib import Path

import msgspec
import numpy as np

from server.market.ports import BarColumns
from tests.unit.storage.test_ticks import bars, ns, store

DAY, NEXT = "2026-11-19", "2026-11-20"


def with_oi(starts: list[int], oi: list[int]) -> BarColumns:
    """Bars with open interest."""
    return msgspec.structs.replace(bars(starts, [100.0] * len(starts)), oi=np.array(oi, dtype=np.int64))


async def test_closing_interest_when_daily_bars_and_minutes_are_there_then_the_latest_above_zero(
    tmp_path: Path,
) -> None:
    async with store(tmp_path) as kept:
        kept.put_bars("sim", "1m", ["A"] * 3, with_oi([ns(DAY, t) for t in ("09:15", "15:20", "15:29")], [5, 40, 50]))
        kept.put_bars("sim", "1m", ["B"] * 2, with_oi([ns(DAY, t) for t in ("15:10", "15:29")], [70, 0]))
        kept.put_bars("sim", "1d", ["C"], with_oi([ns(DAY)], [90]))
        kept.put_bars("sim", "1m", ["D"], with_oi([ns(DAY, "09:20")], [11]))  # quiet since the morning
        kept.put_bars("sim", "1m", ["A"], with_oi([ns(NEXT, "09:15")], [999]))  # today has no say
        kept.put_bars("other", "1d", ["E"], with_oi([ns(DAY)], [1]))
        await kept.flush()
        wanted = {"A": 50, "B": 70, "C": 90}
        assert await kept.closing_interest("sim", ns(DAY), ns(NEXT)) == wanted
        await kept.compact()
        assert await kept.closing_interest("sim", ns(DAY), ns(NEXT)) == wanted
        assert await kept.closing_interest("nowhere", ns(DAY), ns(NEXT)) == {}
