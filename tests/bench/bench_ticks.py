"""The tick store: intake of bars and ticks, reads while writing, compaction, size; ways into DuckDB side by side.

A day of 3,000 instruments is 1.1 million one-minute bars. Goals: at least 50,000 ticks a second to disk beside readers;
one instrument's minute bars of a day in at most 20 ms from sorted storage.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psutil

from server.core.clock import SystemClock
from server.market.ports import BarColumns, TickBatch
from server.storage.timeseries.store import DuckStore

__all__ = ("main",)

INSTRUMENTS = 3_000
KEYS = [f"NFO:SYMBOL{n:05d}" for n in range(INSTRUMENTS)]
OPEN = 1_763_610_300_000_000_000  # 2025-11-20 09:15 IST
MINUTE = 60_000_000_000
RANDOM = np.random.default_rng(1)


def minute(number: int) -> BarColumns:
    """One finished minute of every instrument."""
    price = RANDOM.random(INSTRUMENTS) * 1000
    whole = np.ones(INSTRUMENTS, dtype=np.int64)
    return BarColumns(whole * (OPEN + number * MINUTE), price, price + 1, price - 1, price, whole, whole)


def batch(number: int, size: int) -> TickBatch:
    """Ticks of one batch, spread over the instruments."""
    price = RANDOM.random(size) * 1000
    whole = np.ones(size, dtype=np.int64)
    return TickBatch(
        source="bench",
        rows=np.arange(size, dtype=np.int32),
        time_ns=whole * (OPEN + number * 50_000_000),
        ltp=price,
        bid=price,
        ask=price,
        bid_qty=whole,
        ask_qty=whole,
        volume=whole * number,
        oi=whole,
    )


def ways_in(folder: Path) -> list[str]:
    """Rows a second of each way to bring 10,000 rows into a DuckDB file, one transaction each."""
    size = 10_000
    columns: dict[str, np.ndarray[Any, Any]] = {
        "series": np.arange(size, dtype=np.int32),
        "t": np.arange(size),
        "a": RANDOM.random(size),
        "b": RANDOM.random(size),
    }
    lines = []
    for name in ("NumPy columns as a table", "appender, row by row", "executemany"):
        connection = duckdb.connect(str(folder / f"{name[:4]}.duckdb"))
        connection.execute("CREATE TABLE x (series INTEGER, t BIGINT, a DOUBLE, b DOUBLE)")
        best = 1e9
        for _ in range(3):
            count = 500 if name == "executemany" else size
            rows = [list(r) for r in zip(*(c[:count].tolist() for c in columns.values()), strict=True)]
            began = time.perf_counter()
            if name == "executemany":
                connection.executemany("INSERT INTO x VALUES (?, ?, ?, ?)", rows)
            elif name.startswith("appender"):
                appender = connection.appender("x")
                for row in rows:
                    appender.append_row(*row)
                appender.flush()
            else:
                connection.register("chunk", columns)
                connection.execute("INSERT INTO x SELECT * FROM chunk")
                connection.unregister("chunk")
            best = min(best, (time.perf_counter() - began) / count)
        connection.close()
        lines.append(f"| way in: {name} | {1 / best:,.0f} rows/s |")
    return lines


async def reads(store: DuckStore, interval: str, rounds: int = 40) -> tuple[float, float]:
    """(median, worst) milliseconds of asking one instrument's newest 500 bars."""
    took = []
    for number in range(rounds):
        began = time.perf_counter()
        await store.bars("sim", KEYS[number * 7], interval, 0, OPEN + 400 * MINUTE, 500)
        took.append((time.perf_counter() - began) * 1e3)
    took.sort()
    return took[len(took) // 2], took[-1]


async def measure() -> None:
    """Print the table."""
    print("| what | result |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for line in ways_in(Path(name)):
            print(line, flush=True)
        path = Path(name) / "ticks.duckdb"
        store = DuckStore(path, SystemClock())
        store.start()
        await store.opened()
        minutes = [minute(n) for n in range(375)]
        began = time.perf_counter()
        for number, bars in enumerate(minutes):
            store.put_bars("sim", "1m", KEYS, bars)
            if number % 25 == 24:
                await store.flush()
        took = time.perf_counter() - began
        print(f"| a day of 1m bars, 3,000 instruments | {375 * INSTRUMENTS / took:,.0f} rows/s, {took:.1f} s |")
        median, worst = await reads(store, "1m")
        print(f"| 500 1m bars of one, as they arrived | {median:.1f} ms, worst {worst:.1f} |", flush=True)
        began = time.perf_counter()
        moved = await store.compact()
        print(f"| compaction of {moved:,} rows | {time.perf_counter() - began:.2f} s |")
        for interval in ("1m", "5m", "1h", "1d"):
            median, worst = await reads(store, interval)
            print(f"| newest 500 {interval} bars of one, sorted | {median:.1f} ms, worst {worst:.1f} |", flush=True)

        stop = asyncio.Event()
        slow: list[float] = []

        async def reader() -> None:
            while not stop.is_set():
                slow.append((await reads(store, "5m", 1))[0])

        readers = [asyncio.create_task(reader()) for _ in range(2)]
        batches = [batch(n, 1_000) for n in range(2_000)]
        began = time.perf_counter()
        for number, ticks in enumerate(batches):
            store.put_ticks("sim", KEYS[:1_000], ticks)
            if number % 50 == 49:
                await store.flush()
        took = time.perf_counter() - began
        stop.set()
        await asyncio.gather(*readers)
        slow.sort()
        print(f"| 2 M ticks beside 2 readers, durable | {2_000_000 / took:,.0f} ticks/s |")
        print(f"| reads meanwhile | {slow[len(slow) // 2]:.1f} ms, p99 {slow[int(len(slow) * 0.99)]:.1f} |")
        began = time.perf_counter()
        await store.compact()
        print(f"| compaction of the ticks | {time.perf_counter() - began:.2f} s |")
        began = time.perf_counter()
        await store.ticks("sim", KEYS[5], 0, OPEN + 400 * MINUTE, 5_000)
        print(f"| 2,000 ticks of one, sorted | {(time.perf_counter() - began) * 1e3:.1f} ms |")
        memory = psutil.Process().memory_info().rss / 1e6
        await asyncio.to_thread(store.close)
        size = path.stat().st_size
        facts = store.facts()
        print(f"| size | {size / 1e6:.0f} MB, {size / (facts.ticks + facts.bars):.0f} bytes a row |")
        print(f"| memory of this bench at its end | {memory:.0f} MB |")


def main() -> None:
    """Measure and print."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
