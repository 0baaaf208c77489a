"""How real the simulated market is: 78 simulated days beside the real ones, as markdown tables for RESULTS.md.

    python -m tests.bench.fidelity [--seed 1] [--seeds 3] [--days 78]

The days are those of Jan-Apr 2024 (six and a quarter hours, as the real file has them); bars come from the very
prints the live market sends. The two scripts beside the real data are run as they are, in processes of their own:
`minute_stats.py` for the minutes, `tell_apart.py` for the classifier (goal: accuracy <= 0.62; 0.58 is real against
real). Then days of India VIX against its history, and option quotes of ten simulated days beside NSE's NIFTY chains
of 20 days (Oct-Dec 2025), both worked out by the same code: FIDELITY's table counts the time to expiry otherwise, so
that its volatilities of the last days are lower. VIX was 10 to 13 then and starts at 13 here.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from server.core.clock import IST, ManualClock, from_ns
from server.feeds.simulator.factors import Opening, day_path, next_calm
from server.feeds.simulator.facts import spot_facts
from server.feeds.simulator.feed import Simulator
from server.feeds.simulator.minutes import day_bars
from server.feeds.simulator.schedule import schedule
from server.feeds.simulator.shares import INDICES
from server.feeds.simulator.smile import RATE
from server.feeds.simulator.spots import SpotTape
from server.feeds.simulator.tuning import DEFAULT
from server.feeds.simulator.universe import Universe
from server.options import black76
from server.rulebook import Rulebook

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SAUDA_SHARED", ROOT.parent / "shared"))
REAL = SHARED / "data" / "index_minute" / "NIFTY_1min_2024-01-01_2024-04-30.csv.gz"
CHAINS = SHARED / "data" / "option_chain" / "nse_api_2025"
SCRIPTS = SHARED / "bench" / "fidelity"
FIRST = date(2024, 1, 1)
VIX = 13.8
"""Mean of India VIX in Jan-Apr 2024."""

F8 = npt.NDArray[np.float64]


def rules() -> Rulebook:
    """The rulebook of this checkout."""
    return Rulebook.load(ROOT / "config" / "rules")


def days(rulebook: Rulebook, first: date, count: int) -> Iterator[date]:
    """`count` regular trading days from `first` on."""
    day = first if rulebook.trading_day(first) else rulebook.next_trading_day(first)
    while count:
        if rulebook.session("CASH_FNO_STOCK", day).kind == "regular":
            yield day
            count -= 1
        day = rulebook.next_trading_day(day)


def minute_bars(rulebook: Rulebook, seed: int, count: int) -> pd.DataFrame:
    """Simulated one-minute NIFTY bars: datetime, open, high, low, close."""
    universe = Universe([])
    names = [i.name for i in INDICES]
    keys = (*names, "VIX")
    levels = np.array([21_700.0, 47_500.0, 21_100.0, 10_400.0])
    vix, calm = math.log(VIX), 0.0
    rows = []
    for ordinal, day in enumerate(days(rulebook, FIRST, count)):
        plan = schedule(rulebook, day)
        opening = Opening(ordinal=ordinal, vix=vix, calm=calm)
        path = day_path(universe, seed, opening, plan.seconds, plan.opening_minute)
        facts = spot_facts(names, keys, np.array([0.05] * 4 + [0.0025]), levels, day, seed)
        for local, bars in day_bars(SpotTape(plan, path, facts), plan):
            for n in np.flatnonzero(local == 0).tolist():
                at = from_ns(int(bars.start_ns[n])).astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")
                rows.append((at, bars.open[n], bars.high[n], bars.low[n], bars.close[n]))
        levels = levels * np.exp(path.log[-1].astype(np.float64))
        vix, calm = float(path.vix[-1]), next_calm(seed, opening, DEFAULT)
    return pd.DataFrame(rows, columns=["datetime", "open", "high", "low", "close"])


def statistics_of(path: Path) -> dict[str, object]:
    """What `minute_stats.py` says of a file of bars."""
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "minute_stats.py"), str(path), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(next(iter(json.loads(done.stdout).values())))


def told_apart(path: Path) -> str:
    """What `tell_apart.py` says of simulated bars beside the real ones."""
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "tell_apart.py"), "--real", str(REAL), "--sim", str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=SCRIPTS,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.stdout.strip()


def vix_days(seed: int, count: int = 500) -> dict[str, float]:
    """Daily figures of a long run: log VIX changes, AR(1), correlation with NIFTY, NIFTY's own volatility."""
    universe = Universe([])
    vix, calm = DEFAULT.vix_mean, 0.0
    levels, moves = [vix], []
    for ordinal in range(count):
        opening = Opening(ordinal=ordinal, vix=vix, calm=calm)
        path = day_path(universe, seed + 1000, opening, 22_500)
        vix, calm = float(path.vix[-1]), next_calm(seed + 1000, opening, DEFAULT)
        levels.append(vix)
        moves.append(float(path.log[-1, 0]))
    change, move, level = np.diff(levels), np.array(moves), np.array(levels)
    ar = float(np.polyfit(level[:-1], level[1:], 1)[0])
    return {
        "median": float(np.exp(np.median(level))),
        "daily change of log VIX, sd": float(change.std()),
        "AR(1)": ar,
        "correlation with NIFTY": float(np.corrcoef(change, move)[0, 1]),
        "NIFTY % a year": 100.0 * float(move.std()) * math.sqrt(252.0),
    }


def quotes(rulebook: Rulebook, seed: int, count: int = 10) -> pd.DataFrame:
    """NIFTY option quotes every half hour of simulated days: days to expiry, moneyness, spread, mid, volatility."""
    simulator = Simulator(rulebook, ManualClock(datetime(2026, 11, 19, 20, tzinfo=UTC)), seed=seed)
    frames = []
    for _ in range(count):
        instruments = simulator.instruments()
        tape, plan = simulator.tape(), simulator.plan()
        for step in range(900 * 4, 22_000 * 4, 1_800 * 4):
            batch = tape.everything(step)
            assert batch is not None
            spot = float(batch.ltp[np.flatnonzero(batch.rows == 0)[0]])
            chosen = [
                (row, i)
                for row, i in ((n, instruments[r]) for n, r in enumerate(batch.rows))
                if i.kind == "OPTION" and i.name == "NIFTY"
            ]
            at = np.array([row for row, _ in chosen])
            now = plan.open + step * 250_000_000
            frames.append(
                pd.DataFrame(
                    {
                        "at": now,
                        "spot": spot,
                        "expiry": [i.expiry for _, i in chosen],
                        "years": [
                            max(0.0, rulebook.year_fraction(from_ns(now), i.expiry or plan.day)) for _, i in chosen
                        ],
                        "strike": [float(i.strike or 0) for _, i in chosen],
                        "call": [i.right == "CE" for _, i in chosen],
                        "bid": batch.bid[at],
                        "ask": batch.ask[at],
                    }
                )
            )
        simulator.next_day()
    return worked_out(pd.concat(frames))


def real_quotes() -> pd.DataFrame:
    """The same of NSE's chains as recorded, within the session; 0 stands for no quote."""
    frames = []
    for path in sorted(CHAINS.glob("NIFTY_*.csv.gz")):
        chain = pd.read_csv(path)
        at = pd.to_datetime(chain.snapshot_ist)
        expiry = pd.to_datetime(chain.expiryDate, format="mixed") + pd.Timedelta(hours=15.5)
        frames += [
            pd.DataFrame(
                {
                    "at": at.astype("datetime64[ns]").astype("int64") - 19_800_000_000_000,
                    "minute": at.dt.hour * 60 + at.dt.minute,
                    "spot": chain.underlying.groupby(at).transform("median"),
                    "expiry": expiry.dt.date,
                    "years": (expiry - at).dt.total_seconds() / (365 * 86_400),
                    "strike": chain.strikePrice.astype(float),
                    "call": leg == "CE",
                    "bid": chain[f"{leg}_BID"].where(chain[f"{leg}_BID"] > 0),
                    "ask": chain[f"{leg}_ASK"].where(chain[f"{leg}_ASK"] > 0),
                }
            )
            for leg in ("CE", "PE")
        ]
    table = pd.concat(frames).drop_duplicates(["at", "expiry", "strike", "call"])
    return worked_out(table[table.minute.between(9 * 60 + 16, 15 * 60 + 29) & (table.years > 0)])


def worked_out(table: pd.DataFrame) -> pd.DataFrame:
    """Quotes with forward, days to expiry, moneyness, spread in ticks and implied volatility."""
    table = table.copy()
    table["mid"] = 0.5 * (table.bid + table.ask)
    # the forward of each expiry, from the pair nearest the money
    table["near"] = (table.strike - table.spot).abs()
    pairs = (
        table.pivot_table(index=["at", "expiry", "strike", "years", "spot", "near"], columns="call", values="mid")
        .dropna()
        .reset_index()
    )
    best = pairs.loc[pairs.groupby(["at", "expiry"]).near.idxmin()].copy()
    best["forward"] = best.strike + (best[True] - best[False]) * np.exp(RATE * best.years)
    table = table.merge(best[["at", "expiry", "forward"]], on=["at", "expiry"])
    table["days"] = table.years * 365.0
    table["ticks"] = ((table.ask - table.bid) / 0.05).round()
    table["out"] = np.log(table.strike / table.spot) * np.where(table.call, 1.0, -1.0)
    table["iv"] = 100.0 * black76.implied_volatility(
        table.mid.to_numpy(),
        table.forward.to_numpy(),
        table.strike.to_numpy(),
        table.years.to_numpy(),
        RATE,
        table.call.to_numpy(),
    )
    return table


BUCKETS = (
    ("expiry day", 0, 0.3, "in 1.5-3 %", -0.03, -0.015),
    ("expiry day", 0, 0.3, "at +-0.5 %", -0.005, 0.005),
    ("expiry day", 0, 0.3, "out 0.5-1.5 %", 0.005, 0.015),
    ("expiry day", 0, 0.3, "out 3-6 %", 0.03, 0.06),
    ("1", 0.9, 1.3, "in 1.5-3 %", -0.03, -0.015),
    ("1", 0.9, 1.3, "at +-0.5 %", -0.005, 0.005),
    ("1", 0.9, 1.3, "out 0.5-1.5 %", 0.005, 0.015),
    ("1", 0.9, 1.3, "out 3-6 %", 0.03, 0.06),
    ("3-8", 2, 8.99, "in 1.5-3 %", -0.03, -0.015),
    ("3-8", 2, 8.99, "at +-0.5 %", -0.005, 0.005),
    ("3-8", 2, 8.99, "out 1.5-3 %", 0.015, 0.03),
    ("3-8", 2, 8.99, "out 3-6 %", 0.03, 0.06),
    ("9-40", 8.99, 40, "at +-0.5 %", -0.005, 0.005),
    ("9-40", 8.99, 40, "out 3-6 %", 0.03, 0.06),
)


def quote_rows(real: pd.DataFrame, simulated: pd.DataFrame) -> Iterator[str]:
    """Spreads and volatilities by days to expiry and moneyness, simulated beside real."""
    yield "| days | moneyness | spread in ticks, median (90 %), real | simulated | IV call / put, real | simulated |"
    yield "|---|---|---|---|---|---|"
    for days_name, low, high, name, begin, end in BUCKETS:
        widths, volatilities = [], []
        for table in (real, simulated):
            part = table[(table.days >= low) & (table.days < high) & (table.out >= begin) & (table.out < end)]
            ticks = part.ticks.dropna()
            widths.append(f"{ticks.median():.0f} ({ticks.quantile(0.9):.0f})")
            calls, puts = part[part.call].iv.dropna().median(), part[~part.call].iv.dropna().median()
            volatilities.append(f"{calls:.1f} / {puts:.1f}")
        yield f"| {days_name} | {name} | {' | '.join(widths)} | {' | '.join(volatilities)} |"


def skew_rows(real: pd.DataFrame, simulated: pd.DataFrame) -> Iterator[str]:
    """Skew at 2-9 days, and the move of at-the-money volatility with spot between snapshots within the day."""
    yield "| smile at 2-9 days | real | simulated |"
    yield "|---|---|---|"
    names = (
        "2 % put over at the money, points",
        "2 % call over at the money, points",
        "at the money for +1 % of spot, points",
        "correlation of the two between snapshots",
    )
    for name, was, now in zip(names, skew(real), skew(simulated), strict=True):
        yield f"| {name} | {was:+.2f} | {now:+.2f} |"


def skew(table: pd.DataFrame) -> tuple[float, float, float, float]:
    """The figures of `skew_rows` for one table of quotes."""
    near = table[(table.days >= 2) & (table.days < 9)].copy()
    near["k"] = np.log(near.strike / near.forward)

    def at(group: pd.DataFrame, k: float) -> float:
        side = group[group.call == (k >= 0)].dropna(subset=["iv"]).sort_values("k")
        return float(np.interp(k, side.k, side.iv))

    figures, atm = [], []
    for (now, expiry), group in near.groupby(["at", "expiry"]):
        money = 0.5 * (at(group, 0.0) + at(group, -1e-9))
        figures.append((at(group, -0.02) - money, at(group, 0.02) - money))
        atm.append((now, expiry, money, float(group.spot.iloc[0])))
    put, call = np.array(figures).mean(axis=0)
    moves = pd.DataFrame(atm, columns=["at", "expiry", "iv", "spot"]).sort_values(["expiry", "at"])
    moves["day"] = (moves["at"] + 19_800_000_000_000) // 86_400_000_000_000
    step = moves.groupby(["expiry", "day"])[["iv", "spot"]].apply(
        lambda g: pd.DataFrame({"iv": g.iv.diff(), "move": 100.0 * np.log(g.spot).diff()})
    )
    step = step.dropna()
    slope = float(np.polyfit(step.move, step.iv, 1)[0])
    return float(put), float(call), slope, float(step.corr().iloc[0, 1])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--days", type=int, default=78)
    options = parser.parse_args()
    if not REAL.exists():
        print(f"not run: {REAL.name} is absent")
        return
    rulebook = rules()
    real = statistics_of(REAL)
    simulated, verdicts = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seed, options.seed + options.seeds):
            path = Path(folder) / f"sim{seed}.csv.gz"
            minute_bars(rulebook, seed, options.days).to_csv(path, index=False)
            simulated.append(statistics_of(path))
            verdicts.append(told_apart(path))
    seeds = [f"seed {options.seed + i}" for i in range(options.seeds)]
    print(f"| minutes, {options.days} days | real | {' | '.join(seeds)} |")
    print("|---|---|" + "---|" * len(seeds))
    for name, value in real.items():
        print(f"| {name} | {value} | {' | '.join(str(s[name]) for s in simulated)} |")
    print()
    for name, verdict in zip(seeds, verdicts, strict=True):
        print(f"- told apart, {name}: {verdict}")
    print("\n| days | real | simulated |\n|---|---|---|")
    known = ("15.7", "0.052", "0.982", "-0.56", "16.7 (2015-2026)")
    for (name, figure), was in zip(vix_days(options.seed).items(), known, strict=True):
        print(f"| {name} | {was} | {figure:.3f} |")
    was, now = real_quotes(), quotes(rulebook, options.seed)
    print()
    print("\n".join(quote_rows(was, now)))
    print()
    print("\n".join(skew_rows(was, now)))


if __name__ == "__main__":
    main()
