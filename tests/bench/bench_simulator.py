"""Speed of the simulated market: ticks a second, share of a core, start, history, restore.

Goal: at least 3,000 instruments and 15,000 ticks a second in at most half a core. Times are processor time of this
process, so that a busy machine does not change the verdict.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from server.core.clock import ManualClock
from server.feeds.simulator.feed import Simulator
from server.rulebook import Rulebook

ROOT = Path(__file__).resolve().parents[2]
MORNING = datetime(2026, 11, 20, 1, tzinfo=UTC)
SPAN = 300
"""Market seconds played per row."""


def spent(work: Callable[[], object]) -> float:
    """Processor seconds a call takes."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def play(simulator: Simulator, begin: int, length: int, intensity: float, speed: float) -> str:
    """Play `SPAN` market seconds; one table cell pair: ticks a wall second, share of a core at that speed."""
    ticks = 0

    def work() -> None:
        nonlocal ticks
        for step in range(begin, begin + SPAN * 4, length):
            batch = simulator.tape().batch(step, length, intensity)
            ticks += len(batch.rows) if batch is not None else 0

    used = spent(work)
    wall = SPAN / speed
    return (
        f"{ticks / wall:,.0f} ticks/s, {100.0 * used / wall:.1f} % of a core, {ticks / used:,.0f} ticks per core second"
    )


def drain(simulator: Simulator) -> None:
    """Draw the whole history, keeping none of it."""
    for _ in simulator.past():
        pass


def main() -> None:
    """Print the table."""
    rulebook = Rulebook.load(ROOT / "config" / "rules")
    simulator = Simulator(rulebook, ManualClock(MORNING))
    start = spent(simulator.instruments)
    simulator.tape().batch(0, 1, 1.0)
    saved = simulator.snapshot()
    rows = [
        ("instruments", f"{len(simulator.instruments()):,}"),
        ("1x, usual density", play(simulator, 4_000, 1, 1.0, 1.0)),
        ("1x, dense (goal: >= 15,000 ticks/s in <= 50 %)", play(simulator, 8_000, 1, 24.0, 1.0)),
        ("60x", play(simulator, 12_000, 60, 1.0, 60.0)),
        ("first start (list, draw the day)", f"{1000 * start:.0f} ms"),
        ("a further day", f"{1000 * spent(simulator.next_day):.0f} ms"),
        ("history of five days and a year (goal: 2 s)", f"{1000 * spent(lambda: drain(simulator)):.0f} ms"),
    ]
    fresh = Simulator(rulebook, ManualClock(MORNING))

    def restore() -> None:
        fresh.restore(saved, datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
        fresh.tape().everything(82_000)

    rows.append(("restore to 15:00 and first picture (goal: 500 ms)", f"{1000 * spent(restore):.0f} ms"))
    simulator.next_day()
    rows.append(("snapshot", f"{len(simulator.snapshot()) / 1000:.0f} kB"))
    print("| simulator | measured |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
