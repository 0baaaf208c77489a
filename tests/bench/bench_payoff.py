"""Strategies and chains: payoff with probability, scenario grid, screener, chain frame. Prints a markdown table.

Goals: payoff of 4 legs x 600 spots x 3 dates with probability <= 1 ms; grid 21 x 21 x 5 on 100 legs <= 20 ms; 8,000
contracts from ticks to frame <= 25 ms by NumPy, <= 8 ms compiled. CPU time of the calling thread, best and middle.
"""

import time
from collections.abc import Callable

import numpy as np

from server.options import black76, engine, payoff, probability
from server.options.analysis import analyse
from server.options.chain import Layout, Terms, Ticks, chain_frame
from server.options.legs import Book
from server.options.probability import Lognormal
from server.options.resolve import resolve
from server.options.scenarios import grid
from server.options.screener import View, screen
from server.options.templates import TEMPLATES
from tests.option_chain import FAR, NEAR, SETTING, SPOT, listing, option, smile, term

__all__ = ("main", "market")

INDICES, EXPIRIES, STRIKES = 8, 10, 50


def clock(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """(best, middle) milliseconds."""
    taken = []
    call()
    for _ in range(rounds):
        start = time.thread_time()
        call()
        taken.append((time.thread_time() - start) * 1e3)
    return min(taken), float(np.median(taken))


def market() -> tuple[Layout, Ticks, Terms]:
    """8,000 contracts: eight indices, ten expiries each, fifty strikes, calls and puts, quoted about a smile."""
    rng = np.random.default_rng(0)
    expiry = np.repeat(np.arange(INDICES * EXPIRIES), 2 * STRIKES)
    call = np.tile(np.repeat([True, False], STRIKES), INDICES * EXPIRIES)
    spot = np.repeat(25_000.0 * (1 + np.arange(INDICES) % 3), EXPIRIES)
    years = np.tile((3 + 7 * np.arange(EXPIRIES)) / 365, INDICES)
    forward = spot * np.exp(0.065 * years)
    place = np.tile(np.arange(STRIKES) - STRIKES // 2, 2 * INDICES * EXPIRIES)
    strike = spot[expiry] * (1 + 0.002 * place)
    fair = black76.price(forward[expiry], strike, years[expiry], 0.065, smile(np.log(strike / forward[expiry])), call)
    half = np.maximum(0.05, 0.005 * fair)
    oi = np.round(rng.exponential(1e5, fair.size))
    ticks = Ticks(
        bid=np.where(fair > 0.1, np.round((fair - half) / 0.05) * 0.05, np.nan),
        ask=np.round((fair + half) / 0.05) * 0.05 + 0.05,
        last=np.round(fair / 0.05) * 0.05,
        oi=oi,
        oi_before=np.round(oi * rng.uniform(0.8, 1.2, fair.size)),
        last_before=fair * rng.uniform(0.9, 1.1, fair.size),
        volume=np.round(rng.exponential(1e6, fair.size)),
    )
    count = spot.size
    terms = Terms(spot=spot, years=years, rate=np.full(count, 0.065), future=np.full(count, np.nan))
    return Layout.of(expiry, strike, call, 75), ticks, terms


def main() -> None:
    """Measure and print."""
    chain = listing()
    condor = resolve(TEMPLATES["iron_condor"], chain)
    calendar = resolve(TEMPLATES["double_calendar"], chain)
    spots, until = np.linspace(22_000, 28_000, 600), term(NEAR).years
    normal = Lognormal(term(NEAR).forward, 0.13 * np.sqrt(until))
    hundred = Book.of(
        [
            option(22_000 + 50 * i, "CE" if i % 2 else "PE", 75 * (-1) ** (i // 3), "100", FAR if i % 3 else NEAR)
            for i in range(100)
        ],
        SETTING,
    )

    def whole() -> object:
        book = Book.of(condor, SETTING)
        found = payoff.outcome(book)
        return (
            payoff.curves(book, spots, (0.0, until / 2, until)),
            probability.probability_of_profit(book, normal, known=found),
        )

    moves, shifts, dates = np.linspace(0.9, 1.1, 21) * SPOT, np.linspace(-0.05, 0.05, 21), np.linspace(0, until, 5)
    view = View(direction="still", move=0.02, years=until)
    print("| what | best ms | middle ms |\n|---|---|---|")
    for name, call, rounds in (
        ("payoff, 4 legs x 600 spots x 3 dates, breakevens, extremes, probability", whole, 200),
        ("the builder's whole analysis of a condor: that, Greeks, mean, bands", lambda: analyse(condor, SETTING), 200),
        ("the same of a double calendar (roots of a curve)", lambda: analyse(calendar, SETTING), 50),
        ("grid 21 spots x 21 volatilities x 5 dates, 100 legs", lambda: grid(hundred, moves, shifts, dates), 30),
        (f"screener, {len(TEMPLATES)} templates resolved and judged", lambda: screen(view, chain), 10),
    ):
        best, middle = clock(call, rounds)
        print(f"| {name} | {best:.2f} | {middle:.2f} |")
    layout, ticks, terms = market()
    engine.use("numpy")
    best, middle = clock(lambda: chain_frame(layout, ticks, terms), 40)
    of = f"{layout.strike.size:,} contracts of {layout.expiries} expiries"
    print(f"| chain frame, {of}, NumPy | {best:.2f} | {middle:.2f} |")
    engine.use("numba")
    engine.warm()
    if engine.ready(120):
        best, middle = clock(lambda: chain_frame(layout, ticks, terms), 40)
        print(f"| the same, compiled | {best:.2f} | {middle:.2f} |")
    else:
        print("| the same, compiled | left out: the extra `fast` is not installed | |")
    engine.use("auto")
    best, middle = clock(lambda: Layout.of(layout.expiry, layout.strike, layout.call, 75), 20)
    print(f"| its layout, once for a set of contracts | {best:.2f} | {middle:.2f} |")


if __name__ == "__main__":
    main()
