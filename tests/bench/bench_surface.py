"""Smiles: SVI slices beside SciPy's fits, and surfaces through NSE's real chains. Prints markdown tables.

    python -m tests.bench.bench_surface [--plots DIR]

Goals: an SVI slice >= 20 x a quasi-explicit Nelder-Mead fit at an error <= 1.02 x least squares (slices of a batch are
what is compared; one alone pays for its calls); fitted smiles within
bid and ask at >= 90 % of liquid strikes, no free money left. Liquid: the out-of-the-money option is bid at 40 ticks or
more and quoted no wider than 5 % of its middle (or two ticks). What no curve free of butterflies could exceed is worked
out by a linear programme over the same quotes. CPU time is taken, so that a busy machine does not matter.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import least_squares, linprog, minimize
from scipy.sparse import csr_array, eye, hstack, vstack

from server.options import black76, svi
from server.options.surface import LIQUID_SPREAD, LIQUID_TICKS, SmileQuotes, Surface, fit_surface
from tests.bench.plots import smile_plot
from tests.real_chains import RATE, chain_2019, chain_2023, chain_2024, chain_2025, with_forwards
from tests.shared import shared

__all__ = ("main",)

F8 = npt.NDArray[np.float64]
DAYS = ((0, 1), (1, 3), (3, 8), (8, 16), (16, 40), (40, 400))
SNAPSHOTS = 3
"""Of each day's file, evenly spread."""
TICK = 0.05


def clock(call: Callable[[], object], rounds: int = 5) -> float:
    """Least CPU milliseconds of a call."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken) * 1e3


def slices() -> list[tuple[F8, F8, float]]:
    """(k, volatility, years) of the 71 slices of the generated batch."""
    d = np.load(shared("data/quant/chain10k.npz"))
    of = d["S"] * 1e4 + np.round(d["T"] * 365)
    found = []
    for one in np.unique(of):
        m = (of == one) & np.isfinite(d["iv_ref"]) & (d["price"] > 0.3) & (d["flag"] * (d["S"] - d["K"]) <= 0)
        if m.sum() >= 8:
            years = float(d["T"][m][0])
            found.append((np.log(d["K"][m] / (d["S"][m] * np.exp(d["r"][m] * years))), d["iv_ref"][m], years))
    return found


def slice_table(given: list[tuple[F8, F8, float]]) -> None:
    """Ours, least squares and Nelder-Mead on the same slices."""
    count, longest = len(given), max(k.size for k, _, _ in given)
    k, w, weight = np.zeros((3, count, longest))
    for i, (x, v, t) in enumerate(given):
        k[i, : x.size], w[i, : x.size], weight[i, : x.size] = x, v * v * t, 1 / (2 * v * t)

    def error(parameters: F8) -> F8:
        out = []
        for p, (x, v, t) in zip(parameters, given, strict=True):
            fitted = np.sqrt(np.maximum(svi.total_variance(p[None], x)[0], 1e-12) / t)
            out.append(np.sqrt(np.mean((fitted - v) ** 2)))
        return np.array(out)

    ours, _ = svi.fit(k, w, weight)
    start = time.process_time()
    squares = np.array([least(x, v * v * t) for x, v, t in given])
    slow = (time.process_time() - start) * 1e3 / count
    start = time.process_time()
    simplex = np.array([nelder_mead(x, v * v * t) for x, v, t in given])
    quasi = (time.process_time() - start) * 1e3 / count
    batch = clock(lambda: svi.fit(k, w, weight)) / count
    alone = [clock(lambda i=i: svi.fit(k[i : i + 1], w[i : i + 1], weight[i : i + 1])) for i in range(0, count, 5)]  # type: ignore[misc]
    single = float(np.median(alone))
    e, s, q = error(ours), error(squares), error(simplex)
    print("| fit of a raw SVI slice, 71 slices of 3,987 points | ms a slice | x ours | rmse, median | worst slice |")
    print("|---|---|---|---|---|")
    print(f"| ours, all slices at once | {batch:.3f} | 1 | {np.median(e):.2e} | {e.max():.1e} |")
    one = f"ours, one slice alone (median of {len(alone)}) | {single:.2f} | {single / batch:.0f}"
    print(f"| {one} | {np.median(e):.2e} | {e.max():.1e} |")
    print(f"| Nelder-Mead over m and s | {quasi:.1f} | {quasi / batch:.0f} | {np.median(q):.2e} | {q.max():.1e} |")
    print(f"| SciPy least_squares | {slow:.1f} | {slow / batch:.0f} | {np.median(s):.2e} | {s.max():.1e} |")
    print(f"\nOur error over that of least squares: median {np.median(e / s):.4f}, worst slice {np.max(e / s):.4f}.\n")


def least(k: F8, w: F8) -> F8:
    """SciPy's trust region with numerical slopes."""
    found = least_squares(
        lambda p: svi.total_variance(p[None], k)[0] - w,
        [w.min() * 0.5, 0.1 * w.max(), -0.3, 0.0, 0.1],
        bounds=([-1, 1e-6, -0.999, -1, 1e-4], [2, 5, 0.999, 1, 2]),
        x_scale=[0.01, 0.1, 0.5, 0.1, 0.1],
    ).x
    return np.asarray(found, float)


def nelder_mead(k: F8, w: F8) -> F8:
    """The quasi-explicit way: simplex over m and s, linear least squares inside."""

    def inner(at: F8) -> tuple[float, F8, float, float]:
        m, s = float(at[0]), abs(float(at[1])) + 1e-4
        y = (k - m) / s
        basis = np.stack([np.ones_like(y), y, np.sqrt(y * y + 1)], 1)
        linear = np.linalg.lstsq(basis, w, rcond=None)[0]
        gap = basis @ linear - w
        return float(gap @ gap), linear, m, s

    found = minimize(
        lambda at: inner(at)[0],
        [0.0, 0.1],
        method="Nelder-Mead",
        options={"xatol": 1e-5, "fatol": 1e-16, "maxiter": 200},
    )
    _, (a, d, c), m, s = inner(found.x)
    return np.array([a, c / s, d / c, m, s])


def chains() -> Iterator[tuple[str, pd.Timestamp, list[SmileQuotes]]]:
    """(name, time, quotes by expiry) of the snapshots looked at."""
    folder = "data/option_chain"
    api, web = shared(f"{folder}/nse_api_2025"), shared(f"{folder}/nse_web_2019")
    sets = [("NIFTY Oct-Dec 2025", chain_2025(path)) for path in sorted(api.glob("NIFTY_*.csv.gz"))]
    for name in ("NIFTY", "BANKNIFTY"):
        sets += [(f"{name} Jul-Aug 2019", chain_2019(path)) for path in sorted(web.glob(f"{name}_2019-*.csv.gz"))]
    sets.append(
        ("BANKNIFTY May 2023", chain_2023(shared(f"{folder}/json/nse_option_chain_BANKNIFTY_2023-05-03.json.gz")))
    )
    upstox = shared(f"{folder}/json/upstox_option_chain_NIFTY_exp2024-06-27.json.gz")
    sets.append(("NIFTY Jun 2024", chain_2024(upstox, "2024-06-26 15:29:00")))
    for name, rows in sets:
        joined = with_forwards(rows)
        times = joined["t"].drop_duplicates().sort_values().to_list()
        for t in times[:: max(len(times) // SNAPSHOTS, 1)][:SNAPSHOTS]:
            yield name, t, [quotes(part) for _, part in joined[joined["t"] == t].groupby("expiry")]


def quotes(rows: pd.DataFrame) -> SmileQuotes:
    """One expiry of one snapshot."""
    keys = ["bid", "ask"]
    call, put = (rows[rows["flag"] == f].drop_duplicates("K").set_index("K")[keys] for f in (1.0, -1.0))
    both = call.join(put, lsuffix="_call", rsuffix="_put", how="outer").sort_index()
    columns = {n: both[n].to_numpy(float) for n in ("bid_call", "ask_call", "bid_put", "ask_put")}
    return SmileQuotes(
        years=float(rows["T"].iloc[0]),
        forward=float(rows["F"].iloc[0]),
        rate=RATE,
        strike=both.index.to_numpy(float),
        call_bid=columns["bid_call"],
        call_ask=columns["ask_call"],
        put_bid=columns["bid_put"],
        put_ask=columns["ask_put"],
        tick=TICK,
    )


def reachable(q: SmileQuotes) -> float:
    """Share of the liquid strikes that the convex curve nearest to the quotes passes between bid and ask."""
    put = q.strike < q.forward
    grown = np.exp(q.rate * q.years)
    bid, ask = (np.where(put, a, b) * grown for a, b in ((q.put_bid, q.call_bid), (q.put_ask, q.call_ask)))
    middle = 0.5 * (bid + ask)
    kept = (
        (ask - bid <= np.maximum(LIQUID_SPREAD * middle, 2.001 * q.tick))
        & (bid >= LIQUID_TICKS * q.tick)
        & (ask >= bid)
    )
    k, put = q.strike[kept], put[kept]
    low, high = (np.where(put, side[kept] + q.forward - k, side[kept]) for side in (bid, ask))
    width, n = np.maximum(high - low, 0.5 * q.tick), k.size
    step = np.diff(k)
    bend = np.zeros((n - 2, n))
    for i in range(1, n - 1):
        bend[i - 1, i - 1 : i + 2] = -1 / step[i - 1], 1 / step[i - 1] + 1 / step[i], -1 / step[i]
    one, none = eye(n), np.zeros((n - 2, n))
    rows = vstack([hstack([csr_array(bend), csr_array(none)]), hstack([one, -one]), hstack([-one, -one])]).tocsr()
    found = linprog(
        np.append(np.zeros(n), 1 / width),
        A_ub=rows,
        b_ub=np.concatenate([np.zeros(n - 2), high, -low]),
        bounds=[(0, None)] * (2 * n),
    )
    return float(np.mean(found.x[n:] < 1e-6))


def calendar_fall(surface: Surface) -> float:
    """Largest amount in rupees by which an earlier option is worth more than the same of the next expiry."""
    smiles = [s for s in surface.smiles if s is not None]
    worst = 0.0
    for near, far in pairwise(smiles):
        k = np.linspace(-8, 8, 801) * near.total
        k = k[np.abs(k) < 1]
        values = []
        for s in (near, far):
            root = np.sqrt(s.total_variance(k))
            values.append(black76.price(1.0, np.exp(k), 1.0, 0.0, root, k >= 0))
        worst = max(worst, float((values[0] - values[1]).max()) * near.forward)
    return worst


def chain_tables(plots: Path | None) -> None:
    """Fit quality by days to expiry and by set, free money, time."""
    rows, taken, quick, falls = [], [], [], []
    for name, t, given in chains():
        start = time.process_time()
        plain = fit_surface(given, refine=False)
        middle = time.process_time()
        full = fit_surface(given)
        end = time.process_time()
        count = sum(f.kind is not None for f in full.fits)
        if not count:
            continue
        quick.append((middle - start) * 1e3 / count)
        taken.append((end - middle) * 1e3 / count)
        falls.append((calendar_fall(plain), calendar_fall(full)))
        ordered = sorted(given, key=lambda q: q.years)
        for q, a, b, s in zip(ordered, plain.fits, full.fits, full.smiles, strict=True):
            if b.kind is None or s is None or b.inside is None or b.liquid < 7:
                continue
            x = s.forward * np.exp(np.linspace(-10, 10, 4001) * s.total)
            found: dict[str, object] = {"name": name, "days": q.years * 365, "liquid": b.liquid, "kind": b.kind}
            found |= {"bent": a.bent, "rmse_svi": a.rmse, "rmse": b.rmse, "density": float(s.density(x).min())}
            shares = {"svi": a.inside, "full": b.inside, "tick": b.inside_tick, "most": reachable(q)}
            rows.append(found | {n: (share or 0.0) * b.liquid for n, share in shares.items()})
        if plots is not None and name.startswith("NIFTY Oct-Dec 2025") and t == pd.Timestamp("2025-11-12 11:30:04"):
            plots.mkdir(parents=True, exist_ok=True)
            for q, s in list(zip(ordered, full.smiles, strict=True))[:2]:
                if s is not None:
                    (plots / f"smile_{q.years * 365:.0f}_days.svg").write_text(smile_plot(q, s), encoding="utf-8")
    table = pd.DataFrame(rows)
    print("| chains, days to expiry | smiles | liquid strikes | SVI within | refined within | to the tick ", end="")
    print("| most any could | error, SVI | error, refined |\n|---|---|---|---|---|---|---|---|---|")
    for name, part in table.groupby("name", sort=False):
        print(line(str(name), part))
    for low, high in DAYS:
        part = table[(table["days"] >= low) & (table["days"] < high)]
        if len(part):
            print(line(f"all, {low} to {high} days", part))
    print(line("**all**", table))
    plain_fall, full_fall = (max(side) for side in zip(*falls, strict=True))
    kept = np.mean(table["kind"] == "refined")
    print(
        f"\nFree money: least density of any smile {table['density'].min():.1e}; dearest calendar spread below zero "
        f"{full_fall:.4f} rupees refined, {plain_fall:.4f} by SVI alone, over {len(falls)} surfaces. "
        f"{table['bent'].mean():.0%} of the SVI slices had to be bent; {kept:.1%} of the smiles are refined, the "
        f"rest stayed SVI.\n\nCPU an expiry: {np.median(quick):.0f} ms without refinement, {np.median(taken):.0f} ms "
        f"with it (median; worst {np.max(quick):.0f} and {np.max(taken):.0f})."
    )


def line(name: str, part: pd.DataFrame) -> str:
    total = part["liquid"].sum()
    shares = [f"{part[c].sum() / total:.1%}" for c in ("svi", "full", "tick", "most")]
    errors = [f"{100 * part[c].median():.2f}" for c in ("rmse_svi", "rmse")]
    return f"| {name} | {len(part)} | {total:,} | {' | '.join(shares)} | {' | '.join(errors)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plots", type=Path)
    args = parser.parse_args(sys.argv[1:])
    slice_table(slices())
    chain_tables(args.plots)


if __name__ == "__main__":
    main()
