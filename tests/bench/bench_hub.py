"""Hub intake on one core: validate, write the slot, fold bars; and what a tick costs as instruments grow.

Ticks of one row in one batch share its slot and its bar, so a batch must touch as many rows whatever the number of
instruments, or the comparison says how often rows repeat and not what a larger table costs: 1,500 ticks drawn freely
are of 300 rows out of 300 and of 1,460 out of 30,000. So each comparison fixes both the ticks and the rows of a batch,
the rows drawn anew, without repeats, for each batch.
"""

import time

from tests.bench.market_load import Load

BATCHES = 600
WARM = 200
TICKS_A_SECOND = 15_000
SIZES = (300, 3_000, 30_000)
SHAPES = ((300, 300), (750, 150), (1_500, 300), (1_500, 1_500))
"""(ticks, distinct rows) of a batch; the last needs more than 300 instruments and is compared with 3,000."""


def run(instruments: int, per_batch: int, watched: int = 0, distinct: int | None = None) -> tuple[float, float]:
    """(ticks a second, microseconds a tick) of processor time, the best of three runs.

    Market time passes at 15,000 ticks a second and bars roll with it; the first third warms up and is not counted.
    """
    best = 0.0
    for seed in range(3):
        load = Load(instruments, seed)
        hub = load.hub()
        if watched:
            hub.watch(range(watched), lambda _: None)
        start = load.now_ns
        batches = []
        for _ in range(BATCHES):
            made = load.batch(per_batch, per_batch / TICKS_A_SECOND, distinct)
            batches.append((load.now_ns, made))
        load.now_ns = start
        began = 0.0
        for i, (at, batch) in enumerate(batches):
            if i == WARM:
                began = time.process_time()
            load.now_ns = at
            hub.intake(batch)
        hub.housekeep()
        took = time.process_time() - began
        stats = hub.intake_stats()
        assert stats.kept == BATCHES * per_batch, stats.drops
        best = max(best, (BATCHES - WARM) * per_batch / took)
    return best, 1e6 / best


def main() -> None:
    """Print the table."""
    print("| instruments | ticks a batch | rows a batch | watched | ticks/s | µs a tick | against the fewest |")
    print("|---|---|---|---|---|---|---|")
    for per_batch, rows in SHAPES:
        base = 0.0
        for instruments in (size for size in SIZES if size >= rows):
            rate, cost = run(instruments, per_batch, distinct=rows)
            base = base or cost
            many = f"| {instruments:,} | {per_batch:,} | {rows:,} | 0 "
            print(f"{many}| {rate:,.0f} | {cost:.2f} | {cost / base:.2f} |", flush=True)
    rate, cost = run(3_000, 1_000, watched=200)
    print(f"| 3,000 | 1,000 | drawn | 200 | {rate:,.0f} | {cost:.2f} | |")
    load = Load(3_000)
    catalogue = load.hub().catalogue
    began = time.perf_counter()
    for _ in range(50):
        catalogue.search("nif 2450 ce", near=lambda _: 2_500.0)
    print(f"\nsearch over 3,000 instruments: {(time.perf_counter() - began) * 20:.2f} ms")


if __name__ == "__main__":
    main()
