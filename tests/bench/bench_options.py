"""Implied volatility and Greeks of 10,000 contracts, beside py_vollib_vectorized in the same run on the same core.

Goals: volatility >= 4 x the peer by NumPy and >= 20 x compiled; volatility with eleven Greeks compiled >= 25 x the
peer's volatility with five. Peer and own code take turns; each figure is the best of all its runs. Without the file of
references in ../shared the batch is made here, and errors are against the volatility the prices were made with.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from server.core.errors import Unavailable
from server.core.paths import bundled
from server.options import engine, greeks, implied_volatility, implied_volatility_codes, price
from server.options.device import DeviceGreeks
from server.options.sensitivity import NAMES
from tests.bench.option_peers import Peer, peer
from tests.shared import shared

__all__ = ("main",)

F8 = npt.NDArray[np.float64]
Batch = dict[str, npt.NDArray[np.float64]]
ROUNDS = 12
CORE = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def main() -> None:
    """Pin, measure in turns, print."""
    if CORE is not None:
        os.sched_setaffinity(0, {CORE})
    batch, exact = load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.npz"
        np.savez(path, **batch)  # type: ignore[arg-type] # the stub takes the names for options
        with peer(path) as other:
            if isinstance(other, str):
                print(f"py_vollib_vectorized was left out: {other}.\n")
                report(batch, exact, None)
            else:
                report(batch, exact, other)


def load() -> tuple[Batch, Batch]:
    """(10,000 contracts, their references by name: `iv` and, where known, Greeks)."""
    try:
        data = np.load(shared("data/quant/chain10k.npz"))
    except BaseException as absent:  # pytest's skip is no Exception
        if isinstance(absent, KeyboardInterrupt):
            raise
        return made()
    batch = {n: np.asarray(data[n], float) for n in ("S", "K", "T", "r", "sigma", "flag", "price")}
    exact = {n: data[f"ref_{n}"] for n in NAMES}
    exact["iv"] = data["iv_ref"]
    return batch, exact


def made() -> tuple[Batch, Batch]:
    rng = np.random.default_rng(1)
    n = 10_000
    spot = rng.choice([1_300.0, 24_000.0, 52_000.0, 80_000.0], n)
    years = rng.choice([1, 3, 7, 14, 30, 60, 180, 365, 1095], n) / 365
    strike = np.round(spot * rng.uniform(0.8, 1.2, n) / 50) * 50
    sigma = 0.1 + 0.1 * np.abs(np.log(strike / spot)) / np.sqrt(years)
    flag, rate = rng.choice([-1.0, 1.0], n), np.full(n, 0.065)
    value = price(spot, strike, years, rate, sigma, flag)
    now = np.maximum(flag * (spot - strike * np.exp(-rate * years)), 0.0)
    known = np.where(value - now > 1e-4, sigma, np.nan)
    batch = {"S": spot, "K": strike, "T": years, "r": rate, "sigma": sigma, "flag": flag, "price": value}
    return batch, {"iv": known}


def report(batch: Batch, exact: Batch, other: Peer | None) -> None:
    """Take turns, then print the tables."""
    option, quote = ([batch[n] for n in ("S", "K", "T", "r")] for _ in range(2))
    option += [batch["sigma"], batch["flag"]]
    quote += [batch["flag"], batch["price"]]
    engines = ["numpy", *(["numba"] if find_spec("numba") else [])]
    if len(engines) == 1:
        print("The compiled path was left out: the extra `fast` is not installed.\n")
    best: dict[tuple[str, str], float] = {}

    def note(who: str, what: str, ms: float) -> None:
        best[who, what] = min(best.get((who, what), np.inf), ms)

    def both() -> object:
        s, k, t, r, _, flag = option
        return greeks(s, k, t, r, implied_volatility(*quote), flag)

    device = accelerator()
    for _ in range(ROUNDS):
        if other is not None:
            note("peer", "iv", other.ask("iv", 12)["best_ms"])
            note("peer", "greeks", other.ask("greeks", 8)["best_ms"])
        for name in engines:
            engine.use(name)
            note(name, "iv", clock(lambda: implied_volatility(*quote), 40))
            note(name, "greeks", clock(lambda: greeks(*option), 40))
            note(name, "both", clock(both, 40))
        if device is not None:
            note("device", "greeks", clock(lambda: device.greeks(*option), 40))
    print("| 10,000 contracts, one core | IV ms | x peer | Greeks ms | IV + Greeks ms | x peer |")
    print("|---|---|---|---|---|---|")
    whole = np.nan
    if other is not None:
        whole = best["peer", "iv"] + best["peer", "greeks"]
        print(
            f"| py_vollib_vectorized 0.1.1 (5 Greeks) | {best['peer', 'iv']:.2f} | 1 | {best['peer', 'greeks']:.2f} "
            f"| {whole:.2f} | 1 |"
        )
    for name in engines:
        label = {"numpy": "Sauda, NumPy (11 Greeks)", "numba": "Sauda, compiled (11 Greeks)"}[name]
        times = [f"{best['peer', 'iv'] / best[name, 'iv']:.1f}", f"{whole / best[name, 'both']:.1f}"]
        times = times if other is not None else ["", ""]
        print(
            f"| {label} | {best[name, 'iv']:.3f} | {times[0]} | {best[name, 'greeks']:.3f} "
            f"| {best[name, 'both']:.3f} | {times[1]} |"
        )
    if device is not None:
        print(f"| Sauda, OpenVINO graph on {device.device}, f32 | | | {best['device', 'greeks']:.3f} | | |")
    print("\n| accuracy | IV max error | 99 % | wrong by > 1e-6 | NaN where there is none | Greeks, worst of 11 |")
    print("|---|---|---|---|---|---|")
    if other is not None:
        print(f"| py_vollib_vectorized | {errors(np.array(other.ready['iv'], float), exact['iv'])} | |")
    for name in engines:
        engine.use(name)
        found = greeks(*option)
        off = [np.abs(found[n] - exact[n]).max() / np.abs(exact[n]).max() for n in NAMES if n in exact]
        worst = f"{max(off):.0e}" if off else ""
        print(f"| Sauda, {name} | {errors(implied_volatility(*quote), exact['iv'])} | {worst} |")
    reasons(quote)
    engine.use("auto")
    first_answers(other)


def accelerator() -> DeviceGreeks | None:
    """The graph on this processor: what it costs, not what it is for."""
    try:
        return DeviceGreeks(bundled("models") / "greeks/model.xml", "CPU", threads=1)
    except Unavailable as absent:
        print(f"The OpenVINO graph was left out: {absent.detail}\n")
        return None


def clock(run: Callable[[], object], times: int) -> float:
    """Best of so many runs, milliseconds."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def errors(found: F8, exact: F8) -> str:
    """Cells of the accuracy table."""
    known = np.isfinite(exact)
    off = np.abs(found - exact)[known]
    off = np.where(np.isfinite(off), off, np.inf)
    none = np.isnan(found[~known]).sum()
    return f"{off.max():.1e} | {np.percentile(off, 99):.1e} | {(off > 1e-6).sum()} | {none} of {(~known).sum()}"


def reasons(quote: list[F8]) -> None:
    """What a batch costs when a tenth of it makes no sense."""
    broken = [a.copy() for a in quote]
    for column, value in enumerate((np.nan, 0.0, -1.0, np.inf, 0.0, -5.0)):
        broken[column][column::60] = value
    print("\n| a tenth of the rows broken, with reason codes | ms |\n|---|---|")
    for name in ("numpy", "numba") if find_spec("numba") else ("numpy",):
        engine.use(name)
        print(f"| {name} | {clock(lambda: implied_volatility_codes(*broken), 100):.3f} |")


def first_answers(other: Peer | None) -> None:
    """From the start of a process."""
    code = (
        "import time, json, numpy as np; k = np.linspace(20000.0, 30000.0, 10000); t = time.perf_counter(); "
        "from server.options import engine, implied_volatility; a = time.perf_counter(); "
        "implied_volatility(24800.0, k, 0.1, 0.06, 1, 900.0); b = time.perf_counter(); "
        "ok = engine.ready(120); c = time.perf_counter(); "
        "print(json.dumps([(a - t) * 1e3, (b - a) * 1e3, (c - t) * 1e3 if ok else None]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported, first, ready = json.loads(done.stdout)
    print("\n| from the start of a process (NumPy already there) | ms |\n|---|---|")
    print(f"| import | {imported:.0f} |\n| first 10,000 volatilities, by NumPy | {first:.1f} |")
    if ready is not None:
        print(f"| compiled path ready, from Numba's cache, meanwhile | {ready:.0f} |")
    if other is not None:
        print(f"| py_vollib_vectorized: import | {other.ready['import_ms']:.0f} |")
        print(f"| py_vollib_vectorized: first 10,000 volatilities | {other.ready['cold_ms']:.0f} |")


if __name__ == "__main__":
    main()
