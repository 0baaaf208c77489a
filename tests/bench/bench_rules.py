"""Rules on the order path: margin of four legs, charges of a fill, load of the rulebook. Prints a markdown table.

Goal: margin of four legs <= 1 ms, since it is asked before every order.
"""

import statistics
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from server.core.paths import bundled
from server.options import black76
from server.risk.margin import MarginLeg, portfolio_margin
from server.rulebook import Rulebook
from tests.instruments import option

__all__ = ("main",)

DAY, EXPIRY, SPOT = date(2026, 11, 20), date(2026, 12, 29), 24_000.0


def clock(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """(median, worst of the better 99 %) of single calls, in microseconds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1e6)
    taken.sort()
    return statistics.median(taken), taken[int(0.99 * len(taken)) - 1]


def condor(sigma: float | None, spot: float = SPOT) -> list[MarginLeg]:
    """An iron condor at model prices."""
    legs = []
    for strike, right, quantity in ((24_500, "CE", -65), (25_000, "CE", 65), (23_500, "PE", -65), (23_000, "PE", 65)):
        instrument = option("NIFTY", EXPIRY, strike, "CE" if right == "CE" else "PE")
        price = black76.price(spot * 1.007, strike, (EXPIRY - DAY).days / 365, 0.065, 0.13, right == "CE")
        legs.append(
            MarginLeg(
                instrument=instrument,
                quantity=quantity,
                price=float(price),
                underlying_price=spot,
                product="NRML",
                sigma=sigma,
            )
        )
    return legs


def main() -> None:
    """Measure and print."""
    folder = bundled("config") / "rules"
    rulebook = Rulebook.load(folder)
    known = condor(0.13)
    # prices never seen before, so that no volatility is at hand
    fresh = iter([condor(None, SPOT + 0.05 * n) for n in range(2000)])
    fill = known[0].instrument
    rows = {
        "margin, 4 legs, volatility known": clock(lambda: portfolio_margin(known, rulebook, DAY), 2000),
        "margin, 4 legs, volatility from the price": clock(lambda: portfolio_margin(next(fresh), rulebook, DAY), 2000),
        "charges of one fill": clock(
            lambda: rulebook.charges("paper", fill, "BUY", "NRML", 65, Decimal("182.35"), DAY), 5000
        ),
        "load the rulebook": clock(lambda: Rulebook.load(folder), 20),
    }
    print("| what | median us | p99 us |\n|---|---|---|")
    for name, (median, worst) in rows.items():
        print(f"| {name} | {median:.0f} | {worst:.0f} |")


if __name__ == "__main__":
    main()
