"""A recorded day of a real share feed through the pipeline: its documented defects are found, the rest is whole."""

import csv
import gzip
from datetime import date, datetime
from itertools import pairwise

import numpy as np

from server.core.clock import IST, to_ns
from server.market.ports import TickBatch
from tests.instruments import share
from tests.shared import shared
from tests.unit.market.kit import MemoryStore, make_hub

DAY = date(2021, 4, 5)
FILE = "data/ticks/aliceblue/2021-04-05/RELIANCE.csv.gz"


def recorded() -> list[tuple[int, float, int]]:
    """(time in ns, price, cumulative volume), as the file has them."""
    with gzip.open(shared(FILE), "rt", encoding="utf-8") as lines:
        return [
            (
                to_ns(datetime.fromisoformat(row["timestamp"]).replace(tzinfo=IST)),
                float(row["ltp"]),
                int(float(row["volume"])),
            )
            for row in csv.DictReader(lines)
        ]


def batch(rows: list[tuple[int, float, int]]) -> TickBatch:
    times, prices, volumes = zip(*rows, strict=True)
    none = np.full(len(rows), np.nan)
    zero = np.zeros(len(rows), dtype=np.int64)
    return TickBatch(
        source="replay",
        rows=np.zeros(len(rows), dtype=np.int32),
        time_ns=np.array(times, dtype=np.int64),
        ltp=np.array(prices),
        bid=none,
        ask=none,
        bid_qty=zero,
        ask_qty=zero,
        volume=np.array(volumes, dtype=np.int64),
        oi=zero,
    )


async def test_intake_when_a_real_day_is_fed_then_steps_back_and_copies_go_and_bars_hold_all_volume() -> None:
    rows = recorded()
    store = MemoryStore()
    hub, _, market = make_hub([share("RELIANCE")], store=store, day=False)
    market.jump(datetime(2021, 4, 5, 9, 15, tzinfo=IST))
    hub.start_day(DAY, {})
    market.jump(datetime(2021, 4, 5, 16, 0, tzinfo=IST))
    for low, high in pairwise([*range(0, len(rows), 777), len(rows)]):
        hub.intake(batch(rows[low:high]))
    await hub.close()

    backwards = copies = 0
    kept: list[tuple[int, float, int]] = []
    top = 0
    for at, price, volume in rows:
        if kept and at < kept[-1][0]:
            backwards += 1
            continue
        top = max(top, volume)
        if kept and (at, price, top) == kept[-1]:
            copies += 1
            continue
        kept.append((at, price, top))
    drops = hub.intake_stats().drops
    assert drops == {"backwards": backwards, "duplicate": copies}
    # SOURCES.md: 0.3-0.7 % of rows step back, 2-5 % are exact copies
    assert 0.003 <= backwards / len(rows) <= 0.007
    assert 0.02 <= copies / len(rows) <= 0.06

    close_ns = to_ns(datetime(2021, 4, 5, 15, 30, tzinfo=IST))
    in_session = [k for k in kept if k[0] <= close_ns]
    bars = store.kept[("sim", "NSE:RELIANCE", "1m")]
    assert int(bars.volume.sum()) == in_session[-1][2]
    assert (bars.high.max(), bars.low.min()) == (max(k[1] for k in in_session), min(k[1] for k in in_session))
    assert len(bars.start_ns) == len({k[0] // 60_000_000_000 for k in in_session if k[0] < close_ns})
    assert (np.diff(bars.start_ns) > 0).all()
    quote = hub.quote("NSE:RELIANCE")
    assert quote is not None and (float(quote.ltp), quote.volume) == (kept[-1][1], kept[-1][2])
