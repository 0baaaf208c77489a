"""Live option chains in the app: from the hub's table to computed views, and what they take of a core while somebody
looks. Prints a markdown table. CPU time is counted, not the clock, so that a busy machine does not show in it.

Goals: all listed index options (8,000) <= 25 ms a round without smiles; chains that are looked at <= 5 % of a core.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import structlog

from server.analytics.chains import Chains
from server.analytics.contracts import ChainId, ChainRows, Snapshot, snapshot
from server.analytics.frames import compute, layout_of
from server.app.runtime import Runtime
from server.app.settings import Market as MarketSettings
from server.app.settings import Server, Settings
from server.core.clock import SystemClock
from server.options import black76

__all__ = ("main",)

SPOT, RATE = 24_500.0, 0.065
SECONDS = 20
SHOWN = 3


def cpu(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """(median, worst of the better 95 %) CPU milliseconds of single calls."""
    call()
    taken = []
    for _ in range(rounds):
        start = time.thread_time()
        call()
        taken.append((time.thread_time() - start) * 1e3)
    taken.sort()
    return statistics.median(taken), taken[int(0.95 * len(taken)) - 1]


def made(expiries: int, strikes: int) -> Snapshot:
    """Quotes of `expiries` x `strikes` calls and puts on one underlying, on a smile, a tick wide."""
    levels = np.asarray(SPOT + 50.0 * (np.arange(strikes) - strikes // 2), np.float64)
    chains, bids, asks, years = [], [], [], []
    for number in range(expiries):
        day = date(2026, 11, 24) + timedelta(days=7 * number)
        t = (4 + 7 * number) / 365
        forward = SPOT * np.exp(RATE * t)
        sigma = np.tile(0.12 + 0.5 * np.log(levels / forward) ** 2, 2)
        fair = black76.price(forward, np.tile(levels, 2), t, RATE, sigma, np.repeat([True, False], strikes))
        bids.append(np.maximum(np.round(fair / 0.05) * 0.05 - 0.05, 0.05))
        asks.append(np.round(fair / 0.05) * 0.05 + 0.05)
        years.append(t)
        rows = np.arange(strikes)
        chains.append(
            ChainRows(
                id=ChainId("NIFTY", day), underlying="NSE_INDEX:NIFTY", title="", strikes=levels, call=rows,
                put=rows, lot=65, spot=0, future=-1,
            )
        )  # fmt: skip
    bid, ask = np.concatenate(bids), np.concatenate(asks)
    one = np.full(expiries, SPOT)
    return Snapshot(
        chains=tuple(chains),
        at_ns=1_795_150_000_000_000_000,
        version=1,
        source="bench",
        bid=bid,
        ask=ask,
        last=0.5 * (bid + ask),
        before=bid,
        oi=np.full(len(bid), 6_500.0),
        volume=np.full(len(bid), 650.0),
        spot=one,
        future=one * np.nan,
        years=np.array(years),
        rate=np.full(expiries, RATE),
    )


def pure() -> dict[str, tuple[float, float]]:
    """Rounds without the app."""
    rows = {}
    for expiries, strikes, smiles in ((1, 65, False), (1, 65, True), (62, 65, False)):
        snap = made(expiries, strikes)
        layout, before = layout_of(snap.chains), snap.oi * 0.9

        def once(snap=snap, layout=layout, before=before, smiles=smiles):  # type: ignore[no-untyped-def]
            return compute("bench", snap, layout, before, 1, 0.0, (), smiles)

        name = f"{len(snap.bid):,} contracts, {'with its smile' if smiles else 'no smile'}"
        rows[name] = cpu(once, 20 if not smiles else 8)
    return rows


async def live() -> dict[str, tuple[float, float]]:
    """The running app with some chains shown, market at its own speed."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    settings = Settings(market=MarketSettings(start="2026-11-20", history_days=0), server=Server(open_browser=False))
    clock = SystemClock()
    runtime = await Runtime.open(Path(tempfile.mkdtemp()) / "data", settings, clock)
    await runtime.start()
    chains: Chains = runtime.options.chains
    market = runtime.markets["sim"]
    found, _ = chains.find("sim", "NIFTY")
    while not market.last(found.key) > 0:
        await clock.sleep(0.2)
    rows = [chains._chain_rows(market, ChainId(found.name, e)) for e in found.expiries]
    gather = cpu(lambda: snapshot(market, rows, runtime.rulebook), 50)
    watches = [chains.watch("sim", found.key, expiry) for expiry in found.expiries[:SHOWN]]
    await clock.sleep(3)
    loop = asyncio.get_running_loop()
    thread = chains._thread
    before = await loop.run_in_executor(thread, time.thread_time)
    began, rounds = time.monotonic(), chains.times.figures()["n"]
    await clock.sleep(SECONDS)
    used = await loop.run_in_executor(thread, time.thread_time) - before
    passed = time.monotonic() - began
    done = int(chains.times.figures()["n"] or 0) - int(rounds or 0)
    for watch in watches:
        watch.close()
    await runtime.stop()
    share = 100 * used / passed
    print(f"\n{done} rounds of {SHOWN} NIFTY chains in {passed:.0f} s: {share:.2f} % of a core.\n")
    return {f"gather {sum(len(r.rows) for r in rows):,} contracts on the event loop": gather}


def main() -> None:
    """Measure and print."""
    rows = pure() | asyncio.run(live())
    print("| a round | CPU ms, median | CPU ms, 95 % |\n|---|---|---|")
    for name, (median, worst) in rows.items():
        print(f"| {name} | {median:.2f} | {worst:.2f} |")


if __name__ == "__main__":
    main()
